import { act, render, screen, waitFor } from '@testing-library/react';
import { expect, it } from 'vitest';
import { useModels } from '@/features/models/store';
import { useSettings } from '@/features/settings/store';
import { type Backend, setBackend } from '@/ipc';
import { createMock, MOCK_DEFAULTS } from '@/ipc/mock';
import { App } from './App';

it('a switch of the profile stays, and a change of the settings neither undoes it nor plans anew', async () => {
  const mock = createMock({ ...MOCK_DEFAULTS, speed: 0, turns: 0, documents: 12 });
  let planned = 0;
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
