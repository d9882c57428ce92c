import { act, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { expect, it } from 'vitest';
import { type BenchmarkEvent, setBackend } from '@/ipc';
import { createMock, MOCK_DEFAULTS } from '@/ipc/mock';
import { BenchmarkPage } from './BenchmarkPage';
import { usePerformance } from './store';

const nothing = (): void => undefined;

it('a run of before stays in sight when a new one has ended', async () => {
  let tell: (event: BenchmarkEvent) => void = nothing;
  const mock = createMock({ ...MOCK_DEFAULTS, speed: 0 });
  const [kept] = await mock.benchmarkHistory();
  if (!kept) throw new Error('nothing was measured before');
  const [older, newer, newest] = [1, 2, 3].map((day) => ({ ...kept, at_ms: day * 86_400_000 }));
  setBackend({
    ...mock,
    benchmarkHistory: async () => [newer, older].flatMap((run) => run ?? []),
    benchmark: (_, listener) => {
      tell = listener;
      return { finished: new Promise(nothing), cancel: nothing };
    },
  });
  render(
    <BenchmarkPage
      profiles={[{ name: 'balanced', runnable: true }]}
      error={null}
      onRetry={nothing}
      hasModel
      onModels={nothing}
    />,
  );
  await waitFor(() => expect(usePerformance.getState().runs).toHaveLength(2));
  const history = (): HTMLSelectElement => screen.getByRole('combobox');
  const shown = (): string | undefined => history().selectedOptions[0]?.textContent;
  const before = shown();
  fireEvent.click(screen.getByRole('button', { name: 'Measure' }));
  fireEvent.change(history(), { target: { value: history().options[1]?.value } });
  const chosen = shown();
  expect(chosen).not.toBe(before);
  act(() => tell({ type: 'done', run: newest ?? kept }));
  expect(history().options).toHaveLength(3);
  expect(shown()).toBe(chosen);
});
