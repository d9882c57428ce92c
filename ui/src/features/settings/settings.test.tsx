import { act, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Backend, type Settings, setBackend } from '@/ipc';
import { createMock, MOCK_DEFAULTS } from '@/ipc/mock';
import { canUndo, ToastList, undoLast } from '@/shared/ui/toasts';
import { AnswerSettings } from './AnswerSettings';
import { useServer } from './server';
import { useSettings } from './store';

const START = { settings: useSettings.getInitialState(), server: useServer.getInitialState() };
const settings = (): Settings | null => useSettings.getState().settings;

/** What the engine was asked to change, in order. */
let asked: Partial<Settings>[];

function Shown() {
  const { settings: shown, change } = useSettings();
  return shown && <AnswerSettings settings={shown} change={(changed) => void change(changed)} />;
}

async function open(changed: (mock: Backend) => Partial<Backend> = () => ({})): Promise<void> {
  asked = [];
  useSettings.setState(START.settings, true);
  useServer.setState(START.server, true);
  const mock = createMock({ ...MOCK_DEFAULTS, speed: 0 });
  setBackend({
    ...mock,
    changeSettings: (change) => {
      asked.push(change);
      return mock.changeSettings(change);
    },
    ...changed(mock),
  });
  render(<Shown />);
  await act(() => useSettings.getState().load());
}

const numberField = (): HTMLInputElement => screen.getByLabelText(/Longest answer/);

describe('a setting that is a number', () => {
  beforeEach(() => open());

  it('shows the value that is set, after it was brought to a bound and after it was emptied', async () => {
    const field = numberField();
    for (const [typed, shown] of [
      ['999999', '16384'],
      ['9999999', '16384'],
      ['', '16384'],
      ['1', '64'],
      ['200.4', '200'],
    ] as const) {
      fireEvent.change(field, { target: { value: typed } });
      fireEvent.blur(field);
      expect(field.value).toBe(shown);
      expect(settings()?.answer_tokens).toBe(Number(shown));
    }
    await act(() => useSettings.getState().saved());
    expect(asked).toEqual([{ answer_tokens: 16_384 }, { answer_tokens: 64 }, { answer_tokens: 200 }]);
  });

  it('keeps the focus when Enter takes it, and shows what is set elsewhere', async () => {
    const field = numberField();
    field.focus();
    fireEvent.change(field, { target: { value: '512' } });
    fireEvent.keyDown(field, { key: 'Enter' });
    await waitFor(() => expect(settings()?.answer_tokens).toBe(512));
    expect(document.activeElement).toBe(field);
    act(() => useSettings.getState().adopt({ answer_tokens: 2048 }));
    expect(field.value).toBe('2048');
    expect(document.activeElement).toBe(numberField());
  });
});

describe('settings that are changed', () => {
  it('name only what is changed, and keep what was changed elsewhere', async () => {
    await open();
    useSettings.getState().adopt({ profile: 'compact' });
    await act(() => useSettings.getState().change({ theme: 'dark' }));
    expect(asked).toEqual([{ theme: 'dark' }]);
  });

  it('reach the engine one after the other, and show the last meanwhile', async () => {
    const answers: (() => void)[] = [];
    await open((mock) => ({
      changeSettings: (change) =>
        new Promise((resolve) => {
          asked.push(change);
          answers.push(() => void mock.changeSettings(change).then(resolve));
        }),
    }));
    const { change } = useSettings.getState();
    const both = [change({ text_size: 115 }), change({ text_size: 130 })];
    expect(settings()?.text_size).toBe(130);
    await waitFor(() => expect(answers).toHaveLength(1));
    answers[0]?.();
    await waitFor(() => expect(answers).toHaveLength(2));
    expect(settings()?.text_size).toBe(130);
    answers[1]?.();
    await Promise.all(both);
    expect(settings()?.text_size).toBe(130);
  });

  it('go back alone where the engine refuses them', async () => {
    await open(() => ({ changeSettings: () => Promise.reject({ code: 'bad_setting', message: 'No.', detail: null }) }));
    const changing = useSettings.getState().change({ theme: 'dark' });
    useSettings.getState().adopt({ profile: 'compact' });
    await act(() => changing);
    expect(settings()).toMatchObject({ theme: 'system', profile: 'compact' });
  });
});

describe('settings that are refused one after the other', () => {
  it('go back to what the engine has, not to what was refused before', async () => {
    await open(() => ({ changeSettings: () => Promise.reject({ code: 'disk_full', message: 'Full.', detail: null }) }));
    const { change } = useSettings.getState();
    await act(() => Promise.all([change({ text_size: 115 }), change({ text_size: 130 })]));
    expect(settings()?.text_size).toBe(100);
  });

  it('leave what is changed after them', async () => {
    let refuse = true;
    await open((mock) => ({
      changeSettings: (change) => {
        if (!refuse) return mock.changeSettings(change);
        refuse = false;
        return Promise.reject({ code: 'disk_full', message: 'Full.', detail: null });
      },
    }));
    const seen: unknown[] = [];
    const stop = useSettings.subscribe(({ settings }) => seen.push(settings?.text_size));
    const { change } = useSettings.getState();
    await act(() => Promise.all([change({ text_size: 115 }), change({ text_size: 130 })]));
    stop();
    expect([...new Set(seen)]).toEqual([115, 130]);
  });
});

describe('a folder that is watched no longer', () => {
  const folders = (): string[] | undefined => settings()?.watched_folders;

  it('comes back by itself when that is undone, beside those that were added since', async () => {
    await open();
    const [first = ''] = folders() ?? [];
    await act(() => useSettings.getState().unwatch(first));
    await act(() => useSettings.getState().watch());
    await act(async () => undoLast());
    await waitFor(() => expect(folders()).toEqual(['/home/ada/Documents/New folder', first]));
  });

  it('is not said to be where the engine refuses that', async () => {
    await open(() => ({ changeSettings: () => Promise.reject({ code: 'bad_setting', message: 'No.', detail: null }) }));
    const before = folders();
    await act(() => useSettings.getState().unwatch(before?.[0] ?? ''));
    expect(folders()).toEqual(before);
    expect(canUndo()).toBe(false);
  });
});

describe('the search index that is made anew', () => {
  it('is stopped without a failure', async () => {
    await open();
    render(<ToastList />);
    const rebuilding = act(() => useSettings.getState().rebuild());
    useSettings.getState().stopRebuild();
    await rebuilding;
    expect(useSettings.getState().rebuilding).toBeNull();
    expect(screen.queryByText(/^Stopped/)).toBeNull();
  });
});

describe('the server that writes the answers', () => {
  const SERVER = { backend: 'ollama', remote_url: 'http://localhost:11434' } as const;
  const check = (): void => void fireEvent.click(screen.getByRole('button', { name: 'Check' }));

  it('says which models it has, of which one is chosen', async () => {
    await open();
    await act(() => useSettings.getState().change({ ...SERVER, remote_model: 'nobody' }));
    check();
    expect((await screen.findByText(/it has 3 models/)).textContent).toContain('None of them is called nobody.');
    fireEvent.click(screen.getByRole('button', { name: 'Choose a model of the server' }));
    fireEvent.click(screen.getByRole('menuitem', { name: 'qwen3:4b' }));
    expect(screen.getByLabelText<HTMLInputElement>(/Model on the server/).value).toBe('qwen3:4b');
    expect(screen.getByText(/it has 3 models/).textContent).not.toContain('None of them');
    // Another server has not been asked.
    await act(() => useSettings.getState().change({ remote_url: 'http://nowhere:1' }));
    expect(screen.queryByText(/it has 3 models/)).toBeNull();
    check();
    expect((await screen.findByRole('alert')).textContent).toContain('cannot be reached');
  });

  it('is asked by the address that is in the field', async () => {
    const order: string[] = [];
    await open((mock) => ({
      changeSettings: async (change) => {
        const after = await mock.changeSettings(change);
        order.push(`set ${change.remote_url}`);
        return after;
      },
      remoteModels: (listener) => {
        order.push('asked');
        return mock.remoteModels(listener);
      },
    }));
    await act(() => useSettings.getState().change(SERVER));
    const field = screen.getByLabelText(/Address of the server/);
    fireEvent.change(field, { target: { value: 'http://nowhere:1' } });
    fireEvent.blur(field);
    check();
    expect((await screen.findByRole('alert')).textContent).toContain('http://nowhere:1');
    expect(order).toEqual(['set http://localhost:11434', 'set http://nowhere:1', 'asked']);
  });

  it('is asked no longer when that is stopped', async () => {
    let stopped = false;
    await open(() => ({
      remoteModels: () => ({
        finished: new Promise(() => undefined),
        cancel: () => {
          stopped = true;
        },
      }),
    }));
    await act(() => useSettings.getState().change(SERVER));
    check();
    fireEvent.click(await screen.findByRole('button', { name: 'Stop' }));
    await waitFor(() => expect(screen.getByRole('button', { name: 'Check' })).toBeTruthy());
    expect(stopped).toBe(true);
  });
});
