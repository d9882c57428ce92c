import { act, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type Backend, backend, type ModelEntry, type StoreEvent, setBackend } from '@/ipc';
import { createMock, MOCK_DEFAULTS } from '@/ipc/mock';
import { ToastList } from '@/shared/ui/toasts';
import { ModelsPage } from './ModelsPage';
import { useModels } from './store';

const START = useModels.getInitialState();
const models = useModels.getState;

async function open(changed: Partial<Backend> = {}): Promise<void> {
  useModels.setState(START, true);
  setBackend({ ...createMock({ ...MOCK_DEFAULTS, speed: 0 }), ...changed });
  render(
    <>
      <ModelsPage />
      <ToastList />
    </>,
  );
  await screen.findByText('Qwen3-4B-Q4_K_M.gguf', { exact: false });
}

describe('a model that is copied from another disk', () => {
  /** Tells what the copying would. */
  let tell: (event: StoreEvent) => void;
  let cancelled: boolean;
  let end: () => void;

  beforeEach(async () => {
    cancelled = false;
    await open({
      addModel: (_, listener) => {
        tell = listener;
        const finished = new Promise<void>((resolve) => {
          end = resolve;
        });
        return {
          finished,
          cancel: () => {
            cancelled = true;
            listener({ type: 'failed', error: { code: 'cancelled', message: 'Stopped.', detail: null } });
            end();
          },
        };
      },
    });
    fireEvent.click(screen.getByRole('button', { name: 'Choose a model file' }));
    await screen.findByText('Looking into Mistral-7B-Q5_K_M.gguf…');
  });

  it('says how far it is, and is there at the end', async () => {
    act(() => tell({ type: 'progress', done: 1_200_000_000, total: 4_800_000_000 }));
    await screen.findByText('Storing Mistral-7B-Q5_K_M.gguf: 1.2 GB of 4.8 GB');
    expect(screen.getByRole('button', { name: 'Choose a model file' })).toHaveProperty('disabled', true);
    await act(async () => {
      tell({ type: 'done', path: '/home/ada/Models/Mistral-7B-Q5_K_M.gguf' });
      end();
    });
    await waitFor(() => expect(models().adding).toBeNull());
    expect(screen.queryByText(/^Storing/)).toBeNull();
  });

  it('is stopped when told to, and nothing is made of that', async () => {
    fireEvent.click(screen.getByRole('button', { name: 'Stop' }));
    await waitFor(() => expect(models().adding).toBeNull());
    expect(cancelled).toBe(true);
    expect(document.querySelector('.toast')).toBeNull();
  });

  it('says why it could not be stored', async () => {
    await act(async () => {
      tell({ type: 'failed', error: { code: 'disk_full', message: 'The disk is full.', detail: null } });
      end();
    });
    await screen.findByText('The disk is full.');
  });
});

describe('the models', () => {
  it('are planned once where the one in use is removed, and once where it is brought back', async () => {
    const mock = createMock({ ...MOCK_DEFAULTS, speed: 0 });
    let planned = 0;
    const inventory: Backend['inventory'] = () => {
      planned += 1;
      return mock.inventory();
    };
    await open({ ...mock, inventory });
    const active = () => models().models?.find((model) => model.active)?.name;
    const name = active() ?? '';
    planned = 0;
    await act(() => models().remove(name));
    expect([active(), planned]).toEqual([undefined, 1]);
    expect(models().models?.some((model) => model.name === name)).toBe(false);
    fireEvent.click(screen.getByRole('button', { name: 'Undo' }));
    await waitFor(() => expect(active()).toBe(name));
    expect(planned).toBe(2);
  });

  it('keep the focus on their lines when one is chosen, and beside the one that is removed', async () => {
    await open();
    const cards = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('.model-card')];
    const at = cards().findIndex((card) => within(card).queryByRole('button', { name: 'Use' }));
    const use = within(cards()[at] ?? document.body).getByRole('button', { name: 'Use' });
    act(() => use.focus());
    fireEvent.click(use);
    await waitFor(() => expect(cards()[at]?.className).toContain('active'));
    expect(cards()[at]?.contains(document.activeElement)).toBe(true);
    const before = cards().length;
    fireEvent.click(within(cards()[0] ?? document.body).getByRole('button', { name: /^Actions for/ }));
    fireEvent.click(screen.getByRole('menuitem', { name: /Remove/ }));
    await waitFor(() => expect(cards()).toHaveLength(before - 1));
    await waitFor(() => expect(cards()[0]?.contains(document.activeElement)).toBe(true));
    fireEvent.click(screen.getByRole('button', { name: 'Undo' }));
    await waitFor(() => expect(cards()).toHaveLength(before));
  });

  describe('of which one is removed', () => {
    const chosen = async (): Promise<string | null> => (await backend().settings()).model;
    const undo = (): void => void fireEvent.click(screen.getByRole('button', { name: 'Undo' }));
    const back = (name: string): Promise<void> =>
      waitFor(() => expect(models().models?.some((model) => model.name === name)).toBe(true));
    let first: ModelEntry;
    let second: ModelEntry;
    beforeEach(async () => {
      await open();
      [first, second] = models().models as [ModelEntry, ModelEntry];
    });

    it('stay chosen as they were where another is brought back', async () => {
      await act(() => models().choose(second.path));
      await act(() => models().remove(first.name));
      expect(await chosen()).toBe(second.path);
      undo();
      await back(first.name);
      expect(await chosen()).toBe(second.path);
    });

    it('stay as they were chosen meanwhile', async () => {
      await act(() => models().choose(first.path));
      await act(() => models().remove(first.name));
      await act(() => models().choose(second.path));
      undo();
      await back(first.name);
      expect(await chosen()).toBe(second.path);
    });

    it('stay chosen as they were, though the list is of before that', async () => {
      await act(() => models().choose(first.path));
      const mock = backend();
      let look: () => void = () => undefined;
      const looked = new Promise<void>((resolve) => {
        look = resolve;
      });
      setBackend({ ...mock, inventory: () => looked.then(mock.inventory) });
      const choosing = models().choose(second.path);
      await waitFor(async () => expect(await chosen()).toBe(second.path));
      const removing = models().remove(first.name);
      await act(async () => {
        look();
        await Promise.all([choosing, removing]);
      });
      expect(await chosen()).toBe(second.path);
      undo();
      await back(first.name);
      expect(await chosen()).toBe(second.path);
    });

    it('are chosen by the very word of before where the chosen one is brought back', async () => {
      await act(() => models().choose(first.name));
      await act(() => models().remove(first.name));
      expect(await chosen()).toBeNull();
      undo();
      await back(first.name);
      expect(await chosen()).toBe(first.name);
    });

    it.each(['before', 'while'])('stay all of them where that one is added again %s it goes', async (when) => {
      const removeModel = vi.fn();
      let end: () => void = () => undefined;
      setBackend({
        ...backend(),
        removeModel,
        // The same file: it is stored already.
        addModel: (_, listener) => ({
          finished: new Promise((resolve) => {
            end = () => {
              listener({ type: 'done', path: first.path });
              resolve();
            };
          }),
          cancel: () => undefined,
        }),
      });
      await act(() => models().remove(first.name));
      const adding = models().add();
      await waitFor(() => expect(models().adding).not.toBeNull());
      if (when === 'before') end();
      const toast = screen.getByRole('button', { name: 'Undo' }).closest<HTMLElement>('.toast');
      fireEvent.click(within(toast ?? document.body).getByRole('button', { name: 'Dismiss this message' }));
      end();
      await act(() => adding);
      await back(first.name);
      expect(removeModel).not.toHaveBeenCalled();
    });

    it('all stay where the chosen one cannot be let go', async () => {
      await act(() => models().choose(first.path));
      const full = { code: 'disk_full', message: 'The disk is full.', detail: null };
      setBackend({ ...backend(), chooseModel: () => Promise.reject(full) });
      await act(() => models().remove(first.name));
      await screen.findByText('The disk is full.');
      expect(screen.queryByRole('button', { name: 'Undo' })).toBeNull();
      expect(models().models?.some((model) => model.name === first.name)).toBe(true);
    });
  });

  it('are those of the last choice, whichever was looked at sooner', async () => {
    await open();
    const mock = backend();
    const answers: (() => void)[] = [];
    setBackend({
      ...mock,
      inventory: async () => {
        const found = await mock.inventory();
        await new Promise<void>((resolve) => answers.push(resolve));
        return found;
      },
    });
    const active = () => models().models?.find((model) => model.active)?.path;
    const path = active() ?? null;
    const choosing = [models().choose(null)];
    await waitFor(() => expect(answers).toHaveLength(1));
    choosing.push(models().choose(path));
    await waitFor(() => expect(answers).toHaveLength(2));
    await act(async () => {
      for (const answer of answers.reverse()) answer();
      await Promise.all(choosing);
    });
    expect(active()).toBe(path);
  });

  it('are shown as they are chosen, though the plans for that take long', async () => {
    await open();
    const mock = backend();
    setBackend({ ...mock, inventory: () => new Promise(() => undefined) });
    const other = models().models?.find((model) => !model.active && model.card !== null);
    void models().choose(other?.path ?? null);
    await waitFor(() => expect(models().models?.find((model) => model.active)?.path).toBe(other?.path));
    expect(models().models?.filter((model) => model.active)).toHaveLength(1);
  });

  it('are shown where the chosen one cannot be planned for, so that another can be chosen', async () => {
    const mock = createMock({ ...MOCK_DEFAULTS, speed: 0 });
    const planError = { code: 'no_such_model', message: 'Gone.', detail: null };
    await open({ inventory: async () => ({ ...(await mock.inventory()), plans: null, planError }) });
    expect(models()).toMatchObject({ error: null, plans: null, planError });
  });
});
