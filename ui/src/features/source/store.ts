import { create } from 'zustand';
import {
  type Backend,
  backend,
  type DocumentRow,
  type ErrorReport,
  type IngestEvent,
  reportOf,
  type Span,
  type Stop,
} from '@/ipc';
import { complain } from '@/shared/ui/toasts';
import { type Quarters, rotated } from './quarters';

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

/** Where the view goes, once, each time it is told anew: the passage, what the search found, or an end of the page. */
export interface Aim {
  at: 'passage' | 'found' | 'start' | 'end';
}

interface Found {
  page: number;
  span: Span;
}

interface SourceState {
  row: DocumentRow | null;
  page: number;
  aim: Aim;
  /** How often documents that were shown have been read anew: what is drawn of one is fetched again. */
  reads: number;
  /** The document has left the library since it was opened. */
  removed: boolean;
  target: Target | null;
  /** The citations of the answer it was opened from: next and previous go through these. */
  targets: readonly Target[];
  zoom: number;
  /** How far the pages of the open document are rotated. */
  quarters: Quarters;
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
  /** Another page, from its top or, reading backwards, from its foot. */
  goTo: (page: number, at?: 'start' | 'end') => void;
  setZoom: (zoom: number) => void;
  /** The next larger or smaller. */
  stepZoom: (by: 1 | -1) => void;
  /** By a quarter, clockwise or back; pages that are not drawn stay as they are. */
  rotate: (by: 1 | -1) => void;
  toggleThumbnails: () => void;
  setSearching: (searching: boolean) => void;
  find: (query: string) => Promise<void>;
  stepFound: (by: number) => void;
  /** Reads the file again that has changed; the document is shown anew when that is done. */
  readAgain: () => Promise<void>;
  /** Looks whether a document that was removed is back. */
  lookAgain: () => Promise<void>;
  /** Documents that are being read again. */
  reading: ReadonlySet<number>;
  /** A search in the document is under way. */
  finding: boolean;
}

/** Whether the pages of a document are drawn: those of others, and of a file that has changed since, are shown as text. */
export function isDrawn(row: DocumentRow | null): boolean {
  return row?.drawable === true && !row.changed;
}

/** A page that the document has: the last where it has fewer. Of one that could not be read, how many it has is not known. */
export function pageWithin(page: number, row: DocumentRow | null): number {
  return Math.max(1, row && row.pages > 0 ? Math.min(row.pages, page) : page);
}

/** Of a document that is opened. */
const UNREAD = { quarters: 0, removed: false, found: [], query: '', searching: false, finding: false } as const;

/** Places that the engine looks for (`engine::window`). */
export const MOST_FOUND = 1000;

const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3] as const;

export const useSource = create<SourceState>((set, get) => {
  let opened = 0;
  let searched = 0;
  let shownAnew = 0;
  let heard: Backend | null = null;
  let stopHearing: Stop = () => undefined;

  /** One listener for all that is shown, from the first document on. */
  function hear(): void {
    if (heard === backend()) return;
    stopHearing();
    heard = backend();
    stopHearing = heard.onIngest(onIngest);
  }

  // What a cancelled queue puts back is settled, or removed.
  function onIngest(event: IngestEvent): void {
    if (event.type === 'settled') {
      rest(event.row.id);
      void showAnew(event.row.id);
    } else if (event.type === 'removed') {
      rest(event.id);
      if (get().row?.id === event.id) set({ removed: true });
    }
  }

  /** A document is being read again no longer. */
  function rest(id: number): void {
    const { reading } = get();
    if (reading.has(id)) set({ reading: new Set([...reading].filter((each) => each !== id)) });
  }

  /** The shown document was read again: its text and pictures are others now, the page stays. */
  async function showAnew(id: number): Promise<void> {
    if (get().row?.id !== id) return;
    const mine = ++shownAnew;
    try {
      const row = await backend().document(id);
      if (mine !== shownAnew || get().row?.id !== id) return;
      const { page, reads, query, foundAt } = get();
      set({ row, error: row.error, removed: false, page: pageWithin(page, row), reads: reads + 1 });
      const found = query === '' ? null : await look(query);
      if (found) set({ found, foundAt: Math.max(0, Math.min(found.length - 1, foundAt)) });
    } catch (thrown) {
      if (mine === shownAnew && get().row?.id === id) set({ error: reportOf(thrown) });
    }
  }

  /** Where words stand in the document; `null` where another search, or another document, took the place of this one. */
  async function look(query: string): Promise<Found[] | null> {
    const mine = ++searched;
    const row = get().row;
    const words = query.trim();
    if (!row || words.length < 2) {
      set({ finding: false });
      return [];
    }
    set({ finding: true });
    try {
      const found = await backend().findInDocument(row.id, words);
      if (mine !== searched) return null;
      set({ finding: false });
      return found;
    } catch (thrown) {
      // The document can be read all the same.
      if (mine === searched) {
        set({ found: [], finding: false });
        complain(thrown);
      }
      return null;
    }
  }

  return {
    row: null,
    page: 1,
    aim: { at: 'start' },
    reads: 0,
    removed: false,
    target: null,
    targets: [],
    zoom: 1,
    quarters: 0,
    thumbnails: false,
    searching: false,
    query: '',
    found: [],
    foundAt: 0,
    error: null,
    reading: new Set(),
    finding: false,
    open: async (target, targets = get().targets.includes(target) ? get().targets : []) => {
      hear();
      const mine = ++opened;
      const same = get().row?.id === target.document && get().error === null;
      if (!same) searched += 1;
      set({
        target,
        targets,
        page: same ? pageWithin(target.page, get().row) : target.page,
        aim: { at: 'passage' },
        error: null,
        ...(same ? {} : { ...UNREAD, row: null }),
      });
      if (same) return;
      try {
        const row = await backend().document(target.document);
        if (mine === opened) set({ row, error: row.error, page: pageWithin(target.page, row) });
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
    goTo: (wanted, at = 'start') => {
      const page = pageWithin(wanted, get().row);
      if (page !== get().page) set({ page, aim: { at } });
    },
    setZoom: (zoom) => set({ zoom: Math.max(0.25, Math.min(4, zoom)) }),
    stepZoom: (by) => {
      const { zoom, setZoom } = get();
      const next = by > 0 ? ZOOMS.find((each) => each > zoom + 0.01) : ZOOMS.findLast((each) => each < zoom - 0.01);
      setZoom(next ?? zoom);
    },
    rotate: (by) => {
      const { row, quarters, aim } = get();
      // What was gone to lies elsewhere now: the view goes there once more.
      if (isDrawn(row)) set({ quarters: rotated(quarters, by), aim: { ...aim } });
    },
    toggleThumbnails: () => set({ thumbnails: !get().thumbnails }),
    setSearching: (searching) => {
      if (!searching) searched += 1;
      set({ searching, ...(searching ? {} : { query: '', found: [], finding: false }) });
    },
    find: async (query) => {
      const before = opened;
      set({ query });
      const found = await look(query);
      if (!found) return;
      const foundAt = Math.max(
        0,
        found.findIndex((each) => each.page >= get().page),
      );
      // Whoever opened a passage meanwhile stays there.
      const page = before === opened ? found[foundAt]?.page : undefined;
      set({ found, foundAt, ...(page !== undefined && { page, aim: { at: 'found' } }) });
    },
    stepFound: (by) => {
      const { found, foundAt } = get();
      if (found.length === 0) return;
      const at = (foundAt + by + found.length) % found.length;
      set({ foundAt: at, page: found[at]?.page ?? get().page, aim: { at: 'found' } });
    },
    readAgain: async () => {
      const id = get().row?.id;
      if (id === undefined || get().reading.has(id)) return;
      set({ reading: new Set(get().reading).add(id) });
      try {
        if ((await backend().retry([id])) > 0) return;
        // Nothing is to be read: what is known of it is not what it is now.
        rest(id);
        await showAnew(id);
      } catch (thrown) {
        rest(id);
        complain(thrown);
      }
    },
    lookAgain: async () => {
      const id = get().row?.id;
      if (id !== undefined) await showAnew(id);
    },
  };
});
