import { act, renderHook } from '@testing-library/react';
import { expect, it } from 'vitest';
import { useModels } from '@/features/models/store';
import { useSettings } from '@/features/settings/store';
import { setBackend } from '@/ipc';
import { createMock, MOCK_DEFAULTS } from '@/ipc/mock';
import { useChosenModel } from './effects';

it('the chosen model is known by its file until the models were looked at', async () => {
  setBackend(createMock({ ...MOCK_DEFAULTS, speed: 0 }));
  await act(() => useSettings.getState().load());
  const { result } = renderHook(useChosenModel);
  expect(useModels.getState().models).toBeNull();
  expect(result.current).toBe('Qwen3-4B-Q4_K_M');
  await act(() => useModels.getState().load());
  expect(result.current).toBe(useModels.getState().models?.find((model) => model.active)?.card?.name);
  await act(() => useModels.getState().choose(null));
  expect(result.current).toBeNull();
});
