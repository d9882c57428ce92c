import { create } from 'zustand';
import { backend, reportOf, type Turn } from '@/ipc';
import { language, t } from '@/shared/i18n';
import { announce, attempt } from '@/shared/ui/toasts';
import { answering } from './answering';
import { conversationList } from './list';
import { restsOnFew, stoppedQuestion } from './running';
import { ALL, ASKS_ALL, type Asks, asksSeveral, type ChatState, isRead, NOTHING } from './state';

export const useChat = create<ChatState>((set, get) => {
  let opened = 0;
  let suggested = 0;
  /** Questions begun and not asked, by conversation. */
  const drafts = new Map<number | null, string>();
  const asked = new Map<number | null, Asks>();
  /** What was being written when an earlier question came to be changed. */
  let aside = '';

  const answer = answering(set, get, {
    asked: (id) => {
      opened += 1;
      drafts.delete(id);
      asked.delete(id);
    },
    keepAsks: (id, asks) => asked.set(id, asks),
    load,
  });

  /** Another conversation is opened: an answer under way goes on behind it, a question begun is kept. */
  function leave(): void {
    const { id, draft, editing, scope, each, running } = get();
    const begun = editing === null ? draft : aside;
    drafts.set(id, begun === '' ? stoppedQuestion(running) : begun);
    if (isRead(get())) asked.set(id, { scope, each });
    answer.hide();
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
      if (!answer.showIn(id)) void lookAtLast(id, detail.turns, mine);
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
    ask: answer.ask,
    askAgain: async (turn, each) => {
      const question = get().turns[turn]?.question;
      if (question !== undefined) await get().ask(question, turn, each);
    },
    send: async () => {
      const { draft, editing, ask } = get();
      const question = draft.trim();
      if (question === '' || answer.isUnderWay() || !isRead(get())) return;
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
    stop: answer.stop,
    rename: async (id, title) => {
      const renamed = await attempt(() =>
        backend()
          .renameConversation(id, title)
          .then(() => true),
      );
      if (renamed && get().id === id) set({ title });
      if (renamed) answer.rename(id, title);
      await get().loadList();
    },
    remove: async (id) => {
      // What is still written there would be kept for nobody.
      const gone = await answer.abandon(id);
      if (gone) {
        if (gone.shown) {
          // Its question went with it.
          set({ running: null });
          get().startNew();
        }
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
