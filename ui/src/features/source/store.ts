import { create } from 'zustand';
import { backend, type DocumentRow, type ErrorReport, reportOf, type Span } from '@/ipc';
import { complain } from '@/shared/ui/toasts';

/** A passage to be shown: from a citation, a source, or a search in the document. */
export interface Target {
  document: number;
  page: number;
  span: Span | null;
  /** Number of its chip, where it has one. */
  n: number | null;
  /** What stood there when it was cited, to notice that the document was read again since. */
  quote: string | null;
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
  /** The answer is no longer shown: the document stays, there is nothing to step through. */
  leaveAnswer: () => void;
  goTo: (page: number) => void;
  setZoom: (zoom: number) => void;
  /** The next larger or smaller. */
  stepZoom: (by: 1 | -1) => void;
  toggleThumbnails: () => void;
  setSearching: (searching: boolean) => void;
  find: (query: string) => Promise<void>;
  stepFound: (by: number) => void;
  /** Reads the file again that has changed; the document is shown anew when that is done. */
  readAgain: () => Promise<void>;
  /** Documents that are being read again. */
  reading: ReadonlySet<number>;
  /** A search in the document is under way. */
  finding: boolean;
}

const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3] as const;

export const useSource = create<SourceState>((set, get) => {
  let opened = 0;
  let searched = 0;

  /** Drawn anew: its pages are others now. */
  function show(id: number): void {
    const { row, target, open } = get();
    if (row?.id !== id) return;
    set({ row: null });
    void open(target?.document === id ? target : { document: id, page: 1, span: null, n: null, quote: null });
  }

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
    reading: new Set(),
    finding: false,
    open: async (target, targets = get().targets.includes(target) ? get().targets : []) => {
      const mine = ++opened;
      const same = get().row?.id === target.document;
      if (!same) searched += 1;
      set({
        target,
        targets,
        page: target.page,
        error: null,
        ...(same ? {} : { row: null, found: [], query: '', searching: false, finding: false }),
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
    leaveAnswer: () => set({ targets: [] }),
    goTo: (page) => set({ page: Math.max(1, Math.min(get().row?.pages ?? 1, page)) }),
    setZoom: (zoom) => set({ zoom: Math.max(0.25, Math.min(4, zoom)) }),
    stepZoom: (by) => {
      const { zoom, setZoom } = get();
      const next = by > 0 ? ZOOMS.find((each) => each > zoom + 0.01) : ZOOMS.findLast((each) => each < zoom - 0.01);
      setZoom(next ?? zoom);
    },
    toggleThumbnails: () => set({ thumbnails: !get().thumbnails }),
    setSearching: (searching) => {
      if (!searching) searched += 1;
      set({ searching, ...(searching ? {} : { query: '', found: [], finding: false }) });
    },
    find: async (query) => {
      const mine = ++searched;
      const before = opened;
      set({ query });
      const row = get().row;
      if (!row || query.trim().length < 2) {
        set({ found: [], foundAt: 0, finding: false });
        return;
      }
      set({ finding: true });
      try {
        const found = await backend().findInDocument(row.id, query.trim());
        if (mine !== searched) return;
        const at = Math.max(
          0,
          found.findIndex((each) => each.page >= get().page),
        );
        // Whoever opened a passage meanwhile stays there.
        const page = before === opened ? found[at]?.page : undefined;
        set({ found, foundAt: at, finding: false, ...(page !== undefined && { page }) });
      } catch (thrown) {
        if (mine === searched) set({ error: reportOf(thrown), finding: false });
      }
    },
    stepFound: (by) => {
      const { found, foundAt } = get();
      if (found.length === 0) return;
      const at = (foundAt + by + found.length) % found.length;
      set({ foundAt: at, page: found[at]?.page ?? get().page });
    },
    readAgain: async () => {
      const id = get().row?.id;
      if (id === undefined || get().reading.has(id)) return;
      set({ reading: new Set(get().reading).add(id) });
      const end = (): void => {
        stop();
        set({ reading: new Set([...get().reading].filter((each) => each !== id)) });
      };
      const stop = backend().onIngest((event) => {
        // What a cancelled queue puts back is settled, or removed.
        if (event.type === 'removed' && event.id === id) end();
        if (event.type !== 'settled' || event.row.id !== id) return;
        end();
        show(id);
      });
      try {
        if ((await backend().retry([id])) > 0) return;
        // Nothing is to be read: what is known of it is not what it is now.
        end();
        show(id);
      } catch (thrown) {
        end();
        complain(thrown);
      }
    },
  };
});
