import { create } from 'zustand';
import {
  type AskEvent,
  backend,
  type ErrorReport,
  type ExportFormat,
  type Job,
  reportOf,
  type Scope,
  type Turn,
} from '@/ipc';
import { language, t } from '@/shared/i18n';
import { announce, attempt, offer, warn } from '@/shared/ui/toasts';
import { type ConversationList, conversationList } from './list';
import { advance, begin, keepTold, type Running, restsOnFew, turnOf } from './running';

interface ChatState extends ConversationList {
  /** The open conversation; `null` is a new one. */
  id: number | null;
  title: string;
  turns: Turn[];
  loading: boolean;
  error: ErrorReport | null;
  /** The answer being written in the open conversation. */
  running: Running | null;
  /** Where an answer is still written while another conversation is open. */
  elsewhere: { id: number | null; title: string } | null;
  scope: Scope;
  /** Each of those documents is asked by itself, until that is switched off. */
  each: boolean;
  /** The turn that a few passages answer though its question asks for everything there is, where it is the last one. */
  few: Turn | null;
  draft: string;
  /** A turn being rewritten, to be replaced when sent. */
  editing: number | null;
  suggestions: string[];
  /** The answer that is explained. */
  why: { conversation: number; turn: number } | null;
  /** Where the title of the open conversation is being changed. */
  renaming: boolean;
  open: (id: number) => Promise<void>;
  startNew: (scope?: Scope) => void;
  setDraft: (draft: string) => void;
  setScope: (scope: Scope) => void;
  setEach: (each: boolean) => void;
  /** Asks; what is being written stays. */
  ask: (question: string, replace?: number | null, each?: boolean) => Promise<void>;
  /** Asks the question of a turn again, as the conversation asks now, or each document by itself. */
  askAgain: (turn: number, each?: boolean) => Promise<void>;
  /** Asks what was written, in the place of the turn that it changes where it does. */
  send: () => Promise<void>;
  /** Changes the question of a turn; what was being written waits until that is done. */
  edit: (turn: number) => void;
  /** The earlier question stays as it was. */
  cancelEdit: () => void;
  stop: () => void;
  rename: (id: number, title: string) => Promise<void>;
  remove: (id: number) => Promise<void>;
  exportTo: (id: number, format: ExportFormat) => Promise<void>;
  suggest: () => Promise<void>;
  explain: (turn: number | null) => void;
  setRenaming: (renaming: boolean) => void;
}

/** What the next question of a conversation asks. */
type Asks = Pick<ChatState, 'scope' | 'each'>;

const ALL: Scope = { kind: 'all' };
const ASKS_ALL: Asks = { scope: ALL, each: false };

/** Of a conversation that is not there yet. */
const NOTHING: Pick<ChatState, 'turns' | 'few' | 'loading' | 'error' | 'running' | 'editing' | 'why' | 'renaming'> = {
  turns: [],
  few: null,
  loading: false,
  error: null,
  running: null,
  editing: null,
  why: null,
  renaming: false,
};

/** An answer that took longer was perhaps not waited for. */
const LONG_MS = 15_000;

/** The one answer under way, whichever conversation is open. */
interface Live {
  /** `null` until the engine has begun one. */
  conversation: number | null;
  /** It is begun by this question: where nothing is answered the engine takes it back. */
  begins: boolean;
  title: string;
  asks: Asks;
  /** The turns before it. */
  turns: Turn[];
  /** All that there were: they stay where none takes their place. */
  before: Turn[];
  running: Running;
  /** Its conversation is the open one. */
  shown: boolean;
  /** Its conversation is being deleted: nobody waits for it. */
  unwanted: boolean;
  job: Job | null;
}

/** Whether an answer is being written in the open conversation. */
export function isWriting({ running }: Pick<ChatState, 'running'>): boolean {
  return running !== null && running.error === null;
}

/** The same, or in another. */
export function isAnswering(state: Pick<ChatState, 'running' | 'elsewhere'>): boolean {
  return state.elsewhere !== null || isWriting(state);
}

/** Whether the open conversation was read: a question to one that was not would be shown, and numbered, without those before it. */
export function isRead({ loading, error }: Pick<ChatState, 'loading' | 'error'>): boolean {
  return !loading && error === null;
}

/** Whether there is more than one document to be asked. */
function asksSeveral(scope: Scope): boolean {
  return scope.kind !== 'documents' || scope.ids.length > 1;
}

/** Somebody stopped it: that needs no telling. */
function isStopped({ running }: Live): boolean {
  return running.answer?.finish === 'cancelled' || running.error?.code === 'cancelled';
}

export const useChat = create<ChatState>((set, get) => {
  let live: Live | null = null;
  let opened = 0;
  let suggested = 0;
  let frame: number | undefined;
  /** Questions begun and not asked, by conversation. */
  const drafts = new Map<number | null, string>();
  const asked = new Map<number | null, Asks>();
  /** What was being written when an earlier question came to be changed. */
  let aside = '';

  /** Events come faster than frames: the screen follows once a frame. */
  function show(): void {
    frame ??= requestAnimationFrame(() => {
      frame = undefined;
      if (live?.shown) set({ running: live.running });
    });
  }

  function settle(): void {
    if (frame !== undefined) cancelAnimationFrame(frame);
    frame = undefined;
    live = null;
  }

  /** Another conversation is opened: an answer under way goes on behind it, a question begun is kept. */
  function leave(): void {
    const { id, draft, editing, scope, each, loading, error } = get();
    drafts.set(id, editing === null ? draft : aside);
    if (!loading && error === null) asked.set(id, { scope, each });
    if (!live) return;
    live.shown = false;
    set({ elsewhere: { id: live.conversation, title: live.title } });
  }

  /** What was told of an answer, whether anybody looks or not. */
  function follow(mine: Live, event: AskEvent): void {
    if (live !== mine) return;
    mine.running = advance(mine.running, event, performance.now());
    switch (event.type) {
      case 'started':
        mine.conversation = event.conversation;
        if (mine.shown) set({ id: event.conversation, title: mine.title });
        else {
          set({ elsewhere: { id: event.conversation, title: mine.title } });
          // Left before it had a number.
          if (mine.begins) asked.set(event.conversation, mine.asks);
        }
        // A new one is listed at once: the way back to it, should another be opened.
        if (!get().conversations?.some(({ id }) => id === event.conversation)) void get().loadList();
        show();
        break;
      case 'done': {
        settle();
        if (!mine.shown) break;
        const turn = turnOf(mine.running, event.answer, Date.now());
        keepTold(turn, mine.running);
        const few = mine.running.wantsEverything && asksSeveral(mine.asks.scope) && restsOnFew(turn.answer);
        set({ running: null, turns: [...mine.turns, turn], few: few ? turn : null });
        break;
      }
      case 'failed':
        fail(mine);
        break;
      default:
        show();
    }
  }

  function fail(mine: Live): void {
    settle();
    if (mine.begins) mine.conversation = null;
    if (mine.shown)
      set({ running: mine.running, turns: mine.before, ...(mine.begins && { id: null, title: '', renaming: false }) });
    else if (mine.running.error && !isStopped(mine)) warn(mine.running.error);
  }

  /** An answer that nobody looked at is there. */
  function tell(mine: Live): void {
    const { conversation, title, running } = mine;
    set({ elsewhere: null });
    if (conversation === null || running.error || mine.unwanted) return;
    // Opened while the answer was on its way, and perhaps read before it was saved.
    if (get().id === conversation) void load(conversation);
    else if (!isStopped(mine))
      offer(t('chat.answered', { title }), t('chat.show'), () => void get().open(conversation));
  }

  async function load(id: number): Promise<void> {
    const mine = ++opened;
    try {
      const detail = await backend().conversation(id);
      if (mine !== opened) return;
      set({ title: detail.row.title, turns: detail.turns, loading: false });
      // Of an earlier day: it asks what it asked then, unless something else was chosen while it was read.
      if (!asked.has(id) && get().scope === ALL) set({ scope: detail.scope });
      if (!asked.has(id) && !get().each) set({ each: detail.each_document });
      if (live?.conversation === id) {
        live.shown = true;
        set({ turns: live.turns, running: live.running, elsewhere: null });
      } else void lookAtLast(id, detail.turns, mine);
    } catch (thrown) {
      if (mine === opened) set({ error: reportOf(thrown), loading: false });
    }
  }

  /** Whether the last answer rests on less than its question asks for, as was kept with it. */
  async function lookAtLast(id: number, turns: readonly Turn[], mine: number): Promise<void> {
    const last = turns.at(-1);
    if (!last || !restsOnFew(last.answer) || !asksSeveral(get().scope)) return;
    const everything = await backend()
      .wantsEverything(id, turns.length - 1)
      .catch(() => false);
    if (everything && mine === opened) set({ few: last });
  }

  return {
    ...conversationList(set, get),
    id: null,
    title: '',
    turns: [],
    loading: false,
    error: null,
    running: null,
    elsewhere: null,
    ...ASKS_ALL,
    few: null,
    draft: '',
    editing: null,
    suggestions: [],
    why: null,
    renaming: false,
    open: async (id) => {
      if (id === get().id && get().error === null) return;
      leave();
      set({
        ...NOTHING,
        id,
        title: get().conversations?.find((each) => each.id === id)?.title ?? '',
        loading: true,
        draft: drafts.get(id) ?? '',
        ...(asked.get(id) ?? ASKS_ALL),
      });
      await load(id);
    },
    startNew: (scope) => {
      leave();
      opened += 1;
      const draft = drafts.get(null) ?? '';
      // A question that was begun is about what it was about.
      const before = draft === '' ? undefined : asked.get(null);
      set({ ...NOTHING, id: null, title: '', draft, ...(before ?? ASKS_ALL), ...(scope && { scope }) });
      void get().suggest();
    },
    setDraft: (draft) => set({ draft }),
    setScope: (scope) => {
      set({ scope });
      void get().suggest();
    },
    setEach: (each) => set({ each }),
    ask: async (question, replace = null, each = get().each) => {
      if (live || !isRead(get())) return;
      const { id, scope, turns, title, editing } = get();
      opened += 1;
      const mine: Live = {
        conversation: id,
        begins: id === null,
        title: title || question,
        asks: { scope, each: get().each },
        turns: replace === null ? turns : turns.slice(0, replace),
        before: turns,
        running: begin(question, performance.now(), replace, each),
        shown: true,
        unwanted: false,
        job: null,
      };
      live = mine;
      drafts.delete(id);
      asked.delete(id);
      // Of a turn that is replaced no question is left to be changed.
      const gone = replace !== null && editing !== null && editing > replace;
      set({ running: mine.running, turns: mine.turns, ...(gone && { editing: null }) });
      const place = { conversation: id, replace_turn: replace, turns: mine.turns.length };
      try {
        const asks = { scope, each_document: each, each_from_now_on: mine.asks.each };
        mine.job = backend().ask({ question, ...asks, ...place }, (event) => follow(mine, event));
        await mine.job.finished;
      } catch (thrown) {
        if (live === mine) {
          mine.running = { ...mine.running, error: reportOf(thrown), stage: null };
          fail(mine);
        }
      }
      if (live === mine) settle();
      if (!mine.shown) tell(mine);
      if (!mine.unwanted && !isStopped(mine) && performance.now() - mine.running.startedAt > LONG_MS)
        void attempt(() => backend().drawAttention());
      void get().loadList();
    },
    askAgain: async (turn, each) => {
      const question = get().turns[turn]?.question;
      if (question !== undefined) await get().ask(question, turn, each);
    },
    send: async () => {
      const { draft, editing, ask } = get();
      const question = draft.trim();
      if (question === '' || live || !isRead(get())) return;
      set({ draft: editing === null ? '' : aside, editing: null });
      await ask(question, editing);
    },
    edit: (turn) => {
      const { turns, draft, editing } = get();
      const question = turns[turn]?.question;
      if (question === undefined) return;
      if (editing === null) aside = draft;
      set({ draft: question, editing: turn });
    },
    cancelEdit: () => set({ editing: null, draft: aside }),
    stop: () => live?.job?.cancel(),
    rename: async (id, title) => {
      const renamed = await attempt(() =>
        backend()
          .renameConversation(id, title)
          .then(() => true),
      );
      if (renamed && get().id === id) set({ title });
      if (renamed && live?.conversation === id) {
        live.title = title;
        if (!live.shown) set({ elsewhere: { id, title } });
      }
      await get().loadList();
    },
    remove: async (id) => {
      // What is still written there would be kept for nobody.
      const writing = live?.conversation === id ? live : null;
      if (writing) writing.unwanted = true;
      writing?.job?.cancel();
      await writing?.job?.finished.catch(() => undefined);
      // It went with its only question.
      if (writing && writing.conversation === null) {
        if (writing.shown) get().startNew();
        return;
      }
      const undo = await attempt(() => backend().deleteConversation(id));
      if (!undo) return;
      const shown = get().id === id;
      if (shown) get().startNew();
      await get().loadList();
      announce(t('chat.deleted'), async () => {
        await undo();
        await get().loadList();
        // Back where it was, unless something else was begun meanwhile.
        if (shown && get().id === null && get().draft === '') await get().open(id);
      });
    },
    exportTo: async (id, format) => {
      const path = await attempt(() => backend().exportConversation(id, format, language()));
      if (path) announce(t('chat.exported', { path }));
    },
    explain: (turn) => {
      const { id } = get();
      set({ why: id !== null && turn !== null ? { conversation: id, turn } : null });
    },
    setRenaming: (renaming) => set({ renaming }),
    suggest: async () => {
      const mine = ++suggested;
      const suggestions = await attempt(() => backend().suggestions(get().scope));
      if (mine === suggested) set({ suggestions: suggestions ?? [] });
    },
  };
});
