import { fireEvent, render, screen } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';
import { ToastList } from '../ui/toasts';
import { CodeBlock } from './CodeBlock';

afterEach(() => vi.restoreAllMocks());

it('code that the clipboard does not take is said to be copied by nobody', async () => {
  vi.spyOn(navigator.clipboard, 'writeText').mockRejectedValue(new Error('Not allowed.'));
  render(
    <>
      <CodeBlock code="fee(2)" language="python" />
      <ToastList />
    </>,
  );
  fireEvent.click(screen.getByRole('button', { name: 'Copy' }));
  expect(await screen.findByText('Not allowed.')).toBeTruthy();
  expect(screen.queryByText('Copied')).toBeNull();
});
