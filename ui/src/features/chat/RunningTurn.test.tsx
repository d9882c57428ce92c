import { render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import { RunningTurn } from './RunningTurn';
import { begin, type Running } from './running';

const show = (change: Partial<Running>): void => {
  const nothing = (): void => undefined;
  const running = { ...begin('When does it end?', 0), thinking: 'Let me see.', ...change };
  render(<RunningTurn running={running} onOpen={nothing} onStop={nothing} onRetry={nothing} />);
};

it('a model whose process stopped while it thought is not said to be thinking', () => {
  show({});
  expect(screen.getByText('Thinking…')).toBeTruthy();
  show({ error: { code: 'worker_died', message: 'It stopped.', detail: null } });
  expect(screen.getAllByText('Thinking…')).toHaveLength(1);
  expect(screen.getByText('What it thought before')).toBeTruthy();
});
