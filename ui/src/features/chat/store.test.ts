import { beforeEach, describe, expect, it, vi } from 'vitest';
import { backend, type Job, setBackend } from '@/ipc';
import { createMock, MOCK_DEFAULTS, type MockOptions } from '@/ipc/mock';
import { offer, warn } from '@/shared/ui/toasts';
import { listed } from './list';
import { useChat } from './store';

vi.mock('@/shared/ui/toasts', async (load) => ({ ...(await load<object>()), offer: vi.fn(), warn: vi.fn() }));

const START = useChat.getInitialState();
const chat = useChat.getState;
const questions = (): string[] => chat().turns.map((turn) => turn.question);
const stored = async (id: number | null): Promise<string[]> =>
  (await backend().conversation(id ?? 0)).turns.map((turn) => turn.question);

/** The window is opened anew. */
function open(options: Partial<MockOptions> = {}): void {
  useChat.setState(START, true);
  setBackend(createMock({ ...MOCK_DEFAULTS, speed: 0, turns: 0, documents: 12, ...options }));
}

/** A conversation of so many questions that have been answered. */
async function talk(turns: number): Promise<void> {
  for (let n = 1; n <= turns; n++) await chat().ask(`question ${n}`);
}

/** Starts a question and stops it before anything is written. */
async function stopEarly(ask: () => Promise<void>): Promise<void> {
  const asked = ask();
  await vi.waitFor(() => expect(chat().id).not.toBeNull());
  chat().stop();
  await asked;
}

beforeEach(() => {
  open();
  chat().startNew();
});

describe('a first question without an answer', () => {
  it('leaves no conversation, and another begins a new one', async () => {
    await chat().ask('fail now');
    expect(chat()).toMatchObject({ id: null, title: '', running: { question: 'fail now', error: {} } });
    await vi.waitFor(() => expect(chat().conversations).toEqual([]));
    await chat().ask('When may the tenant leave?');
    expect(questions()).toEqual(['When may the tenant leave?']);
    await vi.waitFor(() => expect(chat().conversations?.map(({ id }) => id)).toEqual([chat().id]));
  });

  it('is the same where it was stopped before any text', async () => {
    open({ speed: 0.1 });
    await stopEarly(() => chat().ask('When may the tenant leave?'));
    expect(chat()).toMatchObject({ id: null, title: '', running: { error: { code: 'cancelled' } } });
    await vi.waitFor(() => expect(chat().conversations).toEqual([]));
  });

  it('is deleted with its conversation while it is written', async () => {
    open({ speed: 0.1 });
    const asked = chat().ask('When may the tenant leave?');
    await vi.waitFor(() => expect(chat().id).not.toBeNull());
    await chat().remove(chat().id ?? 0);
    await asked;
    expect(chat()).toMatchObject({ id: null, running: null, draft: '' });
    await vi.waitFor(() => expect(chat().conversations).toEqual([]));
  });
});

describe('an answer that is to be written again', () => {
  it('leaves what was there where it fails, and takes its place when asked again', async () => {
    await talk(3);
    await chat().ask('fail once', 1);
    expect(questions()).toEqual(['question 1', 'question 2', 'question 3']);
    expect(chat().running).toMatchObject({ question: 'fail once', replace: 1, error: {} });
    const { running, ask } = chat();
    await ask(running?.question ?? '', running?.replace);
    expect(questions()).toEqual(['question 1', 'fail once']);
    expect(await stored(chat().id)).toEqual(['question 1', 'fail once']);
  });

  it('leaves what was there where it is stopped before any text', async () => {
    await talk(3);
    const { id } = chat();
    const slow = backend();
    // As if the model had the sources to read first: stopped at once.
    setBackend({
      ...slow,
      ask: (request, listener) => {
        const job = slow.ask(request, listener);
        job.cancel();
        return job;
      },
    });
    await chat().ask('question 2, changed', 1);
    expect(questions()).toEqual(['question 1', 'question 2', 'question 3']);
    expect(chat().running).toMatchObject({ replace: 1, error: { code: 'cancelled' } });
    expect(await stored(id)).toEqual(['question 1', 'question 2', 'question 3']);
  });

  it('takes its place alone when it is there', async () => {
    await talk(3);
    await chat().ask('question 3', 2);
    expect(questions()).toEqual(['question 1', 'question 2', 'question 3']);
    expect(await stored(chat().id)).toEqual(['question 1', 'question 2', 'question 3']);
  });
});

describe('a question being typed', () => {
  it('stays while others are asked, by a suggestion or again', async () => {
    chat().setDraft('half a question');
    await chat().ask('When may the tenant end the lease early?');
    await chat().ask('When may the tenant end the lease early?', 0);
    expect(chat().draft).toBe('half a question');
    await chat().send();
    expect(chat().draft).toBe('');
    expect(questions().at(-1)).toBe('half a question');
  });

  it('waits while an earlier question is changed', async () => {
    await talk(2);
    chat().setDraft('half a question');
    chat().edit(0);
    expect(chat()).toMatchObject({ draft: 'question 1', editing: 0 });
    chat().edit(1);
    chat().cancelEdit();
    expect(chat()).toMatchObject({ draft: 'half a question', editing: null });
    chat().edit(0);
    chat().setDraft('question 1, changed');
    await chat().send();
    expect(questions()).toEqual(['question 1, changed']);
    expect(chat()).toMatchObject({ draft: 'half a question', editing: null });
  });

  it('is the one that was stopped before a word was written, once its conversation is opened again', async () => {
    await talk(1);
    const { id } = chat();
    const quick = backend();
    // As if the model had the sources to read first: stopped at once.
    setBackend({
      ...quick,
      ask: (request, listener) => {
        const job = quick.ask(request, listener);
        job.cancel();
        return job;
      },
    });
    await chat().ask('question 2');
    expect(questions()).toEqual(['question 1']);
    expect(chat().running).toMatchObject({ question: 'question 2', error: { code: 'cancelled' } });
    expect(await stored(id)).toEqual(['question 1']);
    chat().startNew();
    expect(chat().draft).toBe('');
    await chat().open(id ?? 0);
    expect(chat()).toMatchObject({ draft: 'question 2', running: null });
  });

  it('is there again in its conversation, though it was left while a question was changed', async () => {
    await talk(1);
    const { id } = chat();
    chat().setDraft('half a question');
    chat().edit(0);
    chat().startNew();
    await chat().open(id ?? 0);
    expect(chat()).toMatchObject({ draft: 'half a question', editing: null });
  });

  it('waits until its conversation was read, and where it cannot be', async () => {
    const failing: string[] = [];
    open({ failing });
    await talk(2);
    const { id } = chat();
    chat().startNew();
    failing.push('conversation');
    for (const expected of [{ error: {} }, { error: null }]) {
      const opening = chat().open(id ?? 0);
      chat().setDraft('too early');
      await chat().send();
      await opening;
      expect(chat()).toMatchObject({ draft: 'too early', running: null, loading: false, ...expected });
      await chat().send();
      failing.pop();
    }
    expect(questions()).toEqual(['question 1', 'question 2', 'too early']);
  });

  it('is an ordinary question once the turn it changes is gone', async () => {
    await talk(3);
    chat().edit(2);
    await chat().ask('question 1, changed', 0);
    expect(chat()).toMatchObject({ draft: 'question 3', editing: null });
  });
});

describe('what is asked', () => {
  const COLLECTION = { kind: 'collection', id: 1 } as const;

  it('is kept with each conversation', async () => {
    chat().setScope(COLLECTION);
    await talk(1);
    const { id } = chat();
    chat().startNew();
    expect(chat().scope).toEqual({ kind: 'all' });
    await talk(1);
    await chat().open(id ?? 0);
    expect(chat().scope).toEqual(COLLECTION);
  });

  it('is kept with a conversation that was left before it had begun', async () => {
    open({ speed: 0.1, turns: 3 });
    await chat().loadList();
    const other = chat().conversations?.[0]?.id ?? 0;
    const mock = backend();
    setBackend({
      ...mock,
      // As if the engine were busy for a moment.
      ask: (...question) => ({
        finished: new Promise((resolve) => setTimeout(resolve, 30)).then(() => mock.ask(...question).finished),
        cancel: () => undefined,
      }),
    });
    chat().startNew(COLLECTION);
    const asked = chat().ask('When may the tenant leave?');
    await chat().open(other);
    expect(chat().scope).toEqual({ kind: 'all' });
    await asked;
    const begun = chat().conversations?.[0]?.id ?? 0;
    expect(begun).not.toBe(other);
    await chat().open(begun);
    expect(chat().scope).toEqual(COLLECTION);
  });

  it('is kept with a question that was begun and not asked', async () => {
    await talk(1);
    const { id } = chat();
    chat().startNew(COLLECTION);
    await chat().open(id ?? 0);
    chat().startNew();
    expect(chat().scope).toEqual({ kind: 'all' });
    chat().setScope(COLLECTION);
    chat().setDraft('half a question');
    await chat().open(id ?? 0);
    chat().startNew();
    expect(chat()).toMatchObject({ draft: 'half a question', scope: COLLECTION });
  });

  it('is still known after a restart', async () => {
    chat().setScope(COLLECTION);
    await talk(1);
    const { id } = chat();
    const kept = backend();
    vi.resetModules();
    const [ipc, anew] = await Promise.all([import('@/ipc'), import('./store')]);
    ipc.setBackend(kept);
    await anew.useChat.getState().open(id ?? 0);
    expect(anew.useChat.getState().scope).toEqual(COLLECTION);
  });

  it('has first questions of its own, whichever are told last', async () => {
    const mock = backend();
    const answers: (() => void)[] = [];
    setBackend({
      ...mock,
      suggestions: (scope) =>
        new Promise((resolve) => answers.push(() => resolve([scope.kind === 'all' ? 'of all' : 'of a collection']))),
    });
    chat().setScope(COLLECTION);
    chat().setScope({ kind: 'all' });
    for (const answer of answers.reverse()) answer();
    await vi.waitFor(() => expect(chat().suggestions).not.toEqual([]));
    await new Promise((resolve) => setTimeout(resolve));
    expect(chat().suggestions).toEqual(['of all']);
  });

  it('is what was chosen meanwhile, where a conversation was slow to open', async () => {
    await talk(1);
    const { id } = chat();
    const slow = backend();
    vi.resetModules();
    const [ipc, anew] = await Promise.all([import('@/ipc'), import('./store')]);
    ipc.setBackend(slow);
    const opening = anew.useChat.getState().open(id ?? 0);
    anew.useChat.getState().setScope(COLLECTION);
    await opening;
    expect(anew.useChat.getState().scope).toEqual(COLLECTION);
  });
});

describe('an answer that is written elsewhere', () => {
  /** Asks, and opens another conversation as soon as there is text; gives the end of the answer. */
  async function askAndLeave(change: Partial<Job> = {}): Promise<{ asked: Promise<void>; id: number }> {
    open({ speed: 0.05, turns: 3 });
    const mock = backend();
    setBackend({ ...mock, ask: (...question) => ({ ...mock.ask(...question), ...change }) });
    await chat().loadList();
    const other = chat().conversations?.[0]?.id ?? 0;
    chat().startNew();
    const asked = chat().ask('A long answer');
    await vi.waitFor(() => expect(chat().running?.text).toContain('Paragraph 2.'), { timeout: 10_000 });
    const { id } = chat();
    await chat().open(other);
    return { asked, id: id ?? 0 };
  }
  beforeEach(() => {
    vi.mocked(offer).mockClear();
    vi.mocked(warn).mockClear();
  });

  it('is told when it is there', async () => {
    const { asked } = await askAndLeave();
    await asked;
    expect(offer).toHaveBeenCalledOnce();
  });

  it('is not told to be ready when it was stopped', async () => {
    const { asked } = await askAndLeave();
    chat().stop();
    await asked;
    expect(chat().elsewhere).toBeNull();
    expect(offer).not.toHaveBeenCalled();
    expect(warn).not.toHaveBeenCalled();
  });

  it('is told by the title that its conversation has by then', async () => {
    const { asked, id } = await askAndLeave();
    await chat().rename(id, 'Renamed');
    expect(chat().elsewhere).toEqual({ id, title: 'Renamed' });
    await asked;
    expect(offer).toHaveBeenCalledWith('The answer in “Renamed” is ready.', 'Show', expect.anything());
  });

  it('is not told at all when its conversation was deleted', async () => {
    // It comes to its end before it can be stopped.
    const { asked, id } = await askAndLeave({ cancel: () => undefined });
    await chat().remove(id);
    await asked;
    expect(offer).not.toHaveBeenCalled();
    expect(chat().conversations?.some((each) => each.id === id)).toBe(false);
  });
});

describe('the list of conversations', () => {
  it('is whole, whatever is searched for in the side bar', async () => {
    open({ turns: 3 });
    await chat().loadList();
    const all = chat().conversations?.length ?? 0;
    chat().setSearch('boiler');
    await vi.waitFor(() => expect(chat().found).toHaveLength(1));
    expect(listed(chat())).toHaveLength(1);
    await chat().loadList();
    expect(chat().conversations).toHaveLength(all);
    expect(all).toBeGreaterThan(1);
    chat().setSearch('');
    expect(listed(chat())).toHaveLength(all);
  });

  it('is read again by a search, where it could not be read', async () => {
    const failing = ['conversations'];
    open({ turns: 3, failing });
    await chat().loadList();
    expect(chat()).toMatchObject({ conversations: null, listError: {} });
    failing.pop();
    chat().setSearch('boiler');
    await vi.waitFor(() => expect(chat().found).toHaveLength(1));
    await vi.waitFor(() => expect(chat().conversations).not.toBeNull());
    expect(chat().listError).toBeNull();
  });

  it('keeps the title of a conversation that could not be renamed', async () => {
    await talk(1);
    const { id, title } = chat();
    setBackend({ ...backend(), renameConversation: () => Promise.reject({ code: 'disk_full', message: 'Full.' }) });
    await chat().rename(id ?? 0, 'Another');
    expect(chat().title).toBe(title);
  });
});

describe('a question put to each document', () => {
  const coverage = () => chat().turns.at(-1)?.answer.coverage;

  it('is offered where everything was asked for and a few passages answer, and takes the place of that answer', async () => {
    await chat().ask('When may the tenant leave?');
    expect(chat().few).toBeNull();
    await chat().ask('Which documents name a notice period?');
    expect(chat().few).toBe(chat().turns[1]);
    expect(coverage()).toBeUndefined();
    await chat().askAgain(1, true);
    expect(chat().turns).toHaveLength(2);
    expect(coverage()).toEqual({ asked: 12, found: 12, quoted: 12 });
    expect(chat()).toMatchObject({ few: null, each: false });
  });

  it('is offered again in a conversation that is opened later', async () => {
    await chat().ask('Which documents name a notice period?');
    const { id } = chat();
    chat().startNew();
    await chat().open(id ?? 0);
    await vi.waitFor(() => expect(chat().few).toBe(chat().turns[0]));
  });

  it('is not offered for the answer before one that is being written', async () => {
    await chat().ask('Which documents name a notice period?');
    const { id } = chat();
    chat().startNew();
    await talk(1);
    const other = chat().id;
    const mock = backend();
    const wantsEverything = vi.fn(mock.wantsEverything);
    // As if the engine were busy for a moment.
    setBackend({
      ...mock,
      wantsEverything,
      ask: (...question) => ({
        finished: new Promise((resolve) => setTimeout(resolve, 30)).then(() => mock.ask(...question).finished),
        cancel: () => undefined,
      }),
    });
    await chat().open(id ?? 0);
    await vi.waitFor(() => expect(chat().few).toBe(chat().turns[0]));
    const asked = chat().ask('When may the tenant leave?');
    await chat().open(other ?? 0);
    wantsEverything.mockClear();
    await chat().open(id ?? 0);
    expect(chat().running).not.toBeNull();
    expect(wantsEverything).not.toHaveBeenCalled();
    await asked;
    expect(chat()).toMatchObject({ few: null, running: null });
  });

  it('is not offered where one document is asked', async () => {
    chat().setScope({ kind: 'documents', ids: [1] });
    await chat().ask('Which documents name a notice period?');
    expect(chat().few).toBeNull();
  });

  it('is so for all questions of a conversation, until that is switched off', async () => {
    chat().setEach(true);
    await chat().ask('When may the tenant leave?');
    expect(coverage()).toBeDefined();
    const { id } = chat();
    chat().startNew();
    expect(chat().each).toBe(false);
    await chat().open(id ?? 0);
    expect(chat().each).toBe(true);
    chat().setEach(false);
    await chat().ask('When may the tenant leave?');
    expect(coverage()).toBeUndefined();
  });

  it('is so after a restart, where that was switched on and not asked for once', async () => {
    chat().setEach(true);
    await talk(1);
    const on = chat().id;
    chat().startNew();
    await talk(1);
    await chat().askAgain(0, true);
    const once = chat().id;
    const kept = backend();
    vi.resetModules();
    const [ipc, anew] = await Promise.all([import('@/ipc'), import('./store')]);
    ipc.setBackend(kept);
    await anew.useChat.getState().open(on ?? 0);
    expect(anew.useChat.getState().each).toBe(true);
    await anew.useChat.getState().open(once ?? 0);
    expect(anew.useChat.getState().each).toBe(false);
  });

  it('is put to each again where that failed', async () => {
    await talk(1);
    await chat().askAgain(0, true);
    await chat().ask('fail once', 0, true);
    expect(chat().running).toMatchObject({ each: true, replace: 0, error: {} });
  });
});
