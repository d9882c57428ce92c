import { act, render, screen, waitFor } from '@testing-library/react';
import { beforeEach, expect, it } from 'vitest';
import { useModels } from '@/features/models/store';
import { useSettings } from '@/features/settings/store';
import { type Backend, setBackend } from '@/ipc';
import { createMock, MOCK_DEFAULTS, type MockOptions } from '@/ipc/mock';
import { App } from './App';

const START = { models: useModels.getInitialState(), settings: useSettings.getInitialState() };

/** How often all profiles were planned, which takes long. */
let planned: number;

/** Opens the window, and gives its backend. */
async function open(options: Partial<MockOptions> = {}): Promise<Backend> {
  const mock = createMock({ ...MOCK_DEFAULTS, speed: 0, turns: 0, documents: 12, ...options });
  const counted: Backend = {
    ...mock,
    inventory: () => {
      planned += 1;
      return mock.inventory();
    },
  };
  setBackend(counted);
  render(<App />);
  await waitFor(() => expect(useModels.getState().plans).not.toBeNull());
  return counted;
}

beforeEach(() => {
  planned = 0;
  useModels.setState(START.models, true);
  useSettings.setState(START.settings, true);
});

it('the first screen plans once', async () => {
  await open({ welcomed: false });
  expect(await screen.findByRole('heading', { name: 'Welcome to DocMind' })).toBeTruthy();
  expect(planned).toBe(1);
});

it('a switch of the profile stays, and a change of the settings neither undoes it nor plans anew', async () => {
  const counted = await open();
  expect(planned).toBe(1);
  await act(() => useModels.getState().switchTo('compact'));
  expect(useSettings.getState().settings?.profile).toBe('compact');
  planned = 0;
  await act(() => useSettings.getState().change({ theme: 'dark' }));
  await act(() => useSettings.getState().change({ text_size: 115 }));
  expect(useModels.getState().active).toBe('compact');
  expect((await counted.settings()).profile).toBe('compact');
  expect(document.querySelector('.status-strip')?.textContent).toContain('Compact');
  expect(planned).toBe(0);
  // What the settings say is told the other way round too.
  const own = { ...(useModels.getState().plans?.[1]?.profile ?? { name: '' }), name: 'mine', builtin: false };
  await act(() => useModels.getState().saveProfile(own as Parameters<Backend['saveProfile']>[0], null));
  await act(() => useModels.getState().switchTo('mine'));
  await act(() => useModels.getState().deleteProfile(own as Parameters<Backend['saveProfile']>[0]));
  expect(useSettings.getState().settings?.profile).toBe('auto');
  expect(await screen.findByText(/Automatic/)).toBeTruthy();
});
