import { create } from 'zustand';
import { backend, type DocumentRow, type ErrorReport, reportOf, type Span } from '@/ipc';

/** A passage to be shown: from a citation, a source, or a search in the document. */
export interface Target {
  document: number;
  page: number;
  span: Span | null;
  /** Number of its chip, where it has one. */
  n: number | null;
  /** Of the bytes that were cited, to notice that the file has changed. */
  hash: string | null;
}

interface Found {
  page: number;
  span: Span;
}

interface SourceState {
  row: DocumentRow | null;
  page: number;
  target: Target | null;
  /** The citations of the answer it was opened from: next and previous go through these. */
  targets: readonly Target[];
  zoom: number;
  thumbnails: boolean;
  searching: boolean;
  query: string;
  found: readonly Found[];
  foundAt: number;
  error: ErrorReport | null;
  open: (target: Target, targets?: readonly Target[]) => Promise<void>;
  step: (by: number) => void;
  goTo: (page: number) => void;
  setZoom: (zoom: number) => void;
  toggleThumbnails: () => void;
  setSearching: (searching: boolean) => void;
  find: (query: string) => Promise<void>;
  stepFound: (by: number) => void;
  close: () => void;
}

export const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3] as const;

export const useSource = create<SourceState>((set, get) => {
  let opened = 0;
  let searched = 0;
  return {
    row: null,
    page: 1,
    target: null,
    targets: [],
    zoom: 1,
    thumbnails: false,
    searching: false,
    query: '',
    found: [],
    foundAt: 0,
    error: null,
    open: async (target, targets = get().targets.includes(target) ? get().targets : []) => {
      const mine = ++opened;
      const same = get().row?.id === target.document;
      set({
        target,
        targets,
        page: target.page,
        error: null,
        ...(same ? {} : { row: null, found: [], query: '', searching: false }),
      });
      if (same) return;
      try {
        const row = await backend().document(target.document);
        if (mine === opened) set({ row });
      } catch (thrown) {
        if (mine === opened) set({ error: reportOf(thrown) });
      }
    },
    step: (by) => {
      const { target, targets, open } = get();
      if (targets.length === 0) return;
      const at = target ? targets.indexOf(target) : -1;
      const next = targets[(at + by + targets.length) % targets.length];
      if (next) void open(next, targets);
    },
    goTo: (page) => set({ page: Math.max(1, Math.min(get().row?.pages ?? 1, page)) }),
    setZoom: (zoom) => set({ zoom: Math.max(0.25, Math.min(4, zoom)) }),
    toggleThumbnails: () => set({ thumbnails: !get().thumbnails }),
    setSearching: (searching) => set({ searching, ...(searching ? {} : { query: '', found: [] }) }),
    find: async (query) => {
      const mine = ++searched;
      set({ query });
      const row = get().row;
      if (!row || query.trim().length < 2) {
        set({ found: [], foundAt: 0 });
        return;
      }
      try {
        const found = await backend().findInDocument(row.id, query.trim());
        if (mine !== searched) return;
        const at = Math.max(
          0,
          found.findIndex((each) => each.page >= get().page),
        );
        set({ found, foundAt: at, ...(found[at] ? { page: found[at].page } : {}) });
      } catch (thrown) {
        if (mine === searched) set({ error: reportOf(thrown) });
      }
    },
    stepFound: (by) => {
      const { found, foundAt } = get();
      if (found.length === 0) return;
      const at = (foundAt + by + found.length) % found.length;
      set({ foundAt: at, page: found[at]?.page ?? get().page });
    },
    close: () => {
      opened += 1;
      set({ row: null, target: null, targets: [], found: [], query: '', searching: false, error: null });
    },
  };
});
