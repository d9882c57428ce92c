import { backend, type ConversationRow, type ErrorReport, reportOf } from '@/ipc';

/** The conversations there are, and those that are searched for. */
export interface ConversationList {
  /** All, the last used first; `null` until they are known. */
  conversations: ConversationRow[] | null;
  /** What is searched for in the side bar. */
  search: string;
  /** Those that fit; `null` where nothing is searched for, or until they are known. */
  found: ConversationRow[] | null;
  listError: ErrorReport | null;
  /** Reads both again. */
  loadList: () => Promise<void>;
  setSearch: (search: string) => void;
}

/** The rows of the side bar: what is searched for, and until that is found all. */
export function listed({
  conversations,
  search,
  found,
}: Omit<ConversationList, 'listError'>): ConversationRow[] | null {
  return search.trim() === '' ? conversations : (found ?? conversations);
}

/** The part of the store that lists. */
export function conversationList(
  set: (change: Partial<ConversationList>) => void,
  get: () => ConversationList,
): ConversationList {
  let read = 0;
  let searched = 0;

  async function readAll(): Promise<void> {
    const mine = ++read;
    try {
      const conversations = await backend().conversations('');
      if (mine === read) set({ conversations, listError: null });
    } catch (thrown) {
      if (mine === read) set({ listError: reportOf(thrown) });
    }
  }

  async function find(): Promise<void> {
    const mine = ++searched;
    const search = get().search.trim();
    if (search === '') {
      set({ found: null });
      return;
    }
    try {
      const found = await backend().conversations(search);
      if (mine === searched) set({ found, listError: null });
    } catch (thrown) {
      if (mine === searched) set({ listError: reportOf(thrown) });
    }
  }

  return {
    conversations: null,
    search: '',
    found: null,
    listError: null,
    loadList: async () => {
      await Promise.all([readAll(), find()]);
    },
    setSearch: (search) => {
      set({ search });
      void (get().listError ? get().loadList() : find());
    },
  };
}
