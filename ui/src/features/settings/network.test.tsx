import { act, fireEvent, render, screen } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import { setBackend, type Traffic } from '@/ipc';
import { createMock, MOCK_DEFAULTS } from '@/ipc/mock';
import { NetworkSettings } from './NetworkSettings';
import { useSettings } from './store';

function Shown() {
  const { settings, change } = useSettings();
  return settings && <NetworkSettings settings={settings} change={(changed) => void change(changed)} />;
}

it('says that nothing left, or what did and to whom', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  let traffic: Traffic[] = [];
  setBackend({ ...createMock({ ...MOCK_DEFAULTS, speed: 0 }), traffic: async () => traffic });
  render(<Shown />);
  await act(() => useSettings.getState().load());
  await screen.findByText('Nothing. No connection was opened.');
  traffic = [{ host: '127.0.0.1:11434', requests: 1, sent: 2000, received: 0 }];
  await act(() => vi.advanceTimersByTimeAsync(2000));
  await screen.findByText('127.0.0.1:11434');
  expect(screen.getByText(/^1 connection, 2 kB sent, 0 B received$/)).toBeDefined();
  fireEvent.click(screen.getByRole('checkbox', { name: /Open no connections/ }));
  await act(() => useSettings.getState().saved());
  expect(useSettings.getState().settings?.offline).toBe(true);
  vi.useRealTimers();
});
