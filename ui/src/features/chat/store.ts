import { create } from 'zustand';
import {
  type AskEvent,
  backend,
  type ConversationRow,
  type ErrorReport,
  type Job,
  reportOf,
  type Scope,
  type Turn,
} from '@/ipc';
import { t } from '@/shared/i18n';
import { announce, attempt } from '@/shared/ui/toasts';
import { advance, begin, keepTold, type Running } from './running';

interface ChatState {
  conversations: ConversationRow[] | null;
  search: string;
  listError: ErrorReport | null;
  /** The open conversation; `null` is a new one. */
  id: number | null;
  title: string;
  turns: Turn[];
  loading: boolean;
  error: ErrorReport | null;
  running: Running | null;
  scope: Scope;
  draft: string;
  /** A turn being rewritten, to be replaced when sent. */
  editing: number | null;
  suggestions: string[];
  /** The answer that is explained. */
  why: { conversation: number; turn: number } | null;
  /** Where the title of the open conversation is being changed. */
  renaming: boolean;
  loadList: () => Promise<void>;
  setSearch: (search: string) => void;
  open: (id: number) => Promise<void>;
  startNew: (scope?: Scope) => void;
  setDraft: (draft: string) => void;
  setScope: (scope: Scope) => void;
  ask: (question: string, replace?: number | null) => Promise<void>;
  edit: (turn: number) => void;
  stop: () => void;
  rename: (id: number, title: string) => Promise<void>;
  remove: (id: number) => Promise<void>;
  exportTo: (id: number, format: 'markdown' | 'html') => Promise<void>;
  suggest: () => Promise<void>;
  explain: (turn: number | null) => void;
  setRenaming: (renaming: boolean) => void;
}

export const useChat = create<ChatState>((set, get) => {
  let job: Job | null = null;
  let opened = 0;
  let frame: number | undefined;
  let pending: Running | null = null;

  /** Events come faster than frames: the screen follows once a frame. */
  function show(running: Running): void {
    pending = running;
    frame ??= requestAnimationFrame(() => {
      frame = undefined;
      if (pending) set({ running: pending });
    });
  }

  function settle(): void {
    if (frame !== undefined) cancelAnimationFrame(frame);
    frame = undefined;
    pending = null;
    job = null;
  }

  return {
    conversations: null,
    search: '',
    listError: null,
    id: null,
    title: '',
    turns: [],
    loading: false,
    error: null,
    running: null,
    scope: { kind: 'all' },
    draft: '',
    editing: null,
    suggestions: [],
    why: null,
    renaming: false,
    loadList: async () => {
      const search = get().search;
      try {
        const conversations = await backend().conversations(search);
        if (search === get().search) set({ conversations, listError: null });
      } catch (thrown) {
        set({ listError: reportOf(thrown) });
      }
    },
    setSearch: (search) => {
      set({ search });
      void get().loadList();
    },
    open: async (id) => {
      get().stop();
      const mine = ++opened;
      set({
        id,
        title: get().conversations?.find((each) => each.id === id)?.title ?? '',
        turns: [],
        loading: true,
        error: null,
        running: null,
        editing: null,
        why: null,
        renaming: false,
        scope: { kind: 'all' },
      });
      try {
        const detail = await backend().conversation(id);
        if (mine === opened) set({ title: detail.row.title, turns: detail.turns, loading: false });
      } catch (thrown) {
        if (mine === opened) set({ error: reportOf(thrown), loading: false });
      }
    },
    startNew: (scope = { kind: 'all' }) => {
      get().stop();
      opened += 1;
      set({
        id: null,
        title: '',
        turns: [],
        loading: false,
        error: null,
        running: null,
        scope,
        draft: '',
        editing: null,
        why: null,
        renaming: false,
      });
      void get().suggest();
    },
    setDraft: (draft) => set({ draft }),
    setScope: (scope) => {
      set({ scope });
      void get().suggest();
    },
    ask: async (question, replace = null) => {
      if (get().running && !get().running?.error) return;
      const { id, scope, turns } = get();
      const mine = ++opened;
      let running = begin(question, performance.now());
      set({ running, draft: '', editing: null, turns: replace === null ? turns : turns.slice(0, replace) });
      const listener = (event: AskEvent): void => {
        if (mine !== opened) return;
        running = advance(running, event, performance.now());
        if (event.type === 'started') set({ id: event.conversation, title: get().title || question });
        if (event.type === 'done') {
          settle();
          const turn: Turn = {
            question,
            standalone: running.standalone,
            recalled: [],
            written: null,
            sources: running.sources,
            answer: event.answer,
            asked_at_ms: Date.now(),
          };
          keepTold(turn, running);
          set({ running: null, turns: [...get().turns, turn] });
        } else show(running);
      };
      job = backend().ask(
        { question, conversation: id, scope, replace_turn: replace, turns: replace ?? turns.length },
        listener,
      );
      try {
        await job.finished;
      } catch (thrown) {
        if (mine === opened) {
          settle();
          set({ running: { ...running, error: reportOf(thrown), stage: null } });
        }
      }
      void get().loadList();
    },
    edit: (turn) => {
      const question = get().turns[turn]?.question;
      if (question !== undefined) set({ draft: question, editing: turn });
    },
    stop: () => {
      job?.cancel();
    },
    rename: async (id, title) => {
      await attempt(() => backend().renameConversation(id, title));
      if (get().id === id) set({ title });
      await get().loadList();
    },
    remove: async (id) => {
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
      const path = await attempt(() => backend().exportConversation(id, format));
      if (path) announce(t('chat.exported', { path }));
    },
    explain: (turn) => {
      const { id } = get();
      set({ why: id !== null && turn !== null ? { conversation: id, turn } : null });
    },
    setRenaming: (renaming) => set({ renaming }),
    suggest: async () => {
      const suggestions = await attempt(() => backend().suggestions(get().scope));
      set({ suggestions: suggestions ?? [] });
    },
  };
});
