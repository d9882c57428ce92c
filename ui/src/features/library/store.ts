import { create } from 'zustand';
import {
  backend,
  type CollectionRow,
  type DocumentQuery,
  type DocumentRow,
  type DropEvent,
  type ErrorReport,
  type IngestEvent,
  type IngestProgress,
  type LibrarySummary,
  PROBLEM_STATES,
  reportOf,
  type SortKey,
  type Stop,
} from '@/ipc';
import { t, wordsOf } from '@/shared/i18n';
import { announce, attempt, complain, offer, warn } from '@/shared/ui/toasts';

/** Rows fetched at a time. */
const WINDOW = 200;
/** Files that were not taken are gathered so long. */
const SKIP_MS = 600;
/** A queue that took longer was not waited for: its end is told. */
const LONG_MS = 10_000;

type Query = Omit<DocumentQuery, 'offset' | 'limit'>;

/** What is being read now, by document. */
export interface Working {
  stage: 'reading' | 'embedding';
  done: number;
  total: number;
}

interface LibraryState {
  summary: LibrarySummary | null;
  collections: CollectionRow[];
  query: Query;
  /** Rows by their place in the current order; places not fetched yet are absent. */
  rows: ReadonlyMap<number, DocumentRow>;
  total: number | null;
  error: ErrorReport | null;
  selected: ReadonlySet<number>;
  working: ReadonlyMap<number, Working>;
  dropping: boolean;
  /** A new collection is being named in the side bar. */
  naming: boolean;
  setNaming: (naming: boolean) => void;
  /** Why nothing goes on, until it is put right. */
  blocked: ErrorReport | null;
  /** Listens; `show` leads to the library's page. */
  start: (show: () => void) => Stop;
  setQuery: (change: Partial<Query>) => void;
  sortBy: (key: SortKey) => void;
  need: (from: number, to: number) => void;
  reload: () => void;
  select: (ids: Iterable<number>) => void;
  /** Selects all between two places, those that were not fetched yet too. */
  selectBetween: (from: number, to: number) => Promise<void>;
  add: (paths: string[]) => Promise<void>;
  pick: (kind: 'files' | 'folder') => Promise<void>;
  addSamples: () => Promise<void>;
  remove: (ids: number[]) => Promise<void>;
  retry: (ids: number[] | 'all') => Promise<void>;
  setPaused: (paused: boolean) => Promise<void>;
  cancel: () => Promise<void>;
  createCollection: (name: string, documents: number[]) => Promise<void>;
  renameCollection: (id: number, name: string) => Promise<void>;
  deleteCollection: (id: number) => Promise<void>;
  addToCollection: (id: number, documents: number[]) => Promise<void>;
  removeFromCollection: (id: number, documents: number[]) => Promise<void>;
  onDrop: (event: DropEvent) => void;
}

export const useLibrary = create<LibraryState>((set, get) => {
  let generation = 0;
  let asked = new Set<number>();
  let waiting = false;
  let selecting = 0;
  let skipped: ErrorReport[] = [];
  let showLibrary: () => void = () => undefined;
  /** The queue under way: since when, and how many of it came to nothing. */
  let queue: { since: number; problems: number } | null = null;

  async function fetchWindow(index: number): Promise<void> {
    if (asked.has(index)) return;
    asked.add(index);
    const mine = generation;
    try {
      const list = await backend().documents({ ...get().query, offset: index * WINDOW, limit: WINDOW });
      if (mine !== generation) return;
      const rows = new Map(get().rows);
      list.rows.forEach((row, at) => {
        rows.set(index * WINDOW + at, row);
      });
      set({ rows, total: list.total, error: null });
    } catch (thrown) {
      asked.delete(index);
      if (mine === generation) set({ error: reportOf(thrown) });
    }
  }

  /** Reads the visible windows again, keeping what is shown until the new rows are there. */
  async function refresh(): Promise<void> {
    const wanted = [...asked].slice(-3);
    generation += 1;
    asked = new Set(wanted.length > 0 ? wanted : [0]);
    const mine = generation;
    try {
      const [summary, collections, ...lists] = await Promise.all([
        backend().summary(),
        backend().collections(),
        ...[...asked].map((index) => backend().documents({ ...get().query, offset: index * WINDOW, limit: WINDOW })),
      ]);
      if (mine !== generation) return;
      const rows = new Map<number, DocumentRow>();
      [...asked].forEach((index, at) => {
        lists[at]?.rows.forEach((row, offset) => {
          rows.set(index * WINDOW + offset, row);
        });
      });
      set({ summary, collections, rows, total: lists[0]?.total ?? get().total, error: null });
    } catch (thrown) {
      if (mine === generation) set({ error: reportOf(thrown) });
    }
  }

  function refreshSoon(): void {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      void refresh();
    }, 400);
  }

  function patch(row: DocumentRow): void {
    const rows = get().rows;
    for (const [place, old] of rows) {
      if (old.id === row.id) {
        set({ rows: new Map(rows).set(place, row) });
        return;
      }
    }
  }

  /** What is not taken comes in bursts, such as from a folder full of links: told once. */
  function skip(error: ErrorReport): void {
    skipped.push(error);
    if (skipped.length > 1) return;
    setTimeout(() => {
      const [first, ...more] = skipped;
      skipped = [];
      if (!first) return;
      if (more.length === 0) warn(first);
      else warn({ code: '', message: t('library.skipped', { n: more.length + 1, reason: wordsOf(first) }) });
    }, SKIP_MS);
  }

  /** Follows the queue: what took long or came to nothing is summed up at its end. */
  function follow({ done, total }: IngestProgress): void {
    if (done < total) {
      queue ??= { since: performance.now(), problems: 0 };
      return;
    }
    const ended = queue;
    queue = null;
    if (!ended || total === 0) return;
    const show = (state: Query['state']): void => {
      get().setQuery({ state, collection: null });
      showLibrary();
    };
    const { problems } = ended;
    if (problems > 0) offer(t('ingest.ended_problems', { n: total, problems }), t('chat.show'), () => show('problem'));
    else if (performance.now() - ended.since > LONG_MS)
      offer(t('ingest.ended', { n: total }), t('chat.show'), () => show('any'));
    else return;
    void attempt(() => backend().drawAttention());
  }

  function onIngest(event: IngestEvent): void {
    switch (event.type) {
      case 'progress': {
        const { id, stage, done, total } = event;
        const old = [...get().rows.values()].find((row) => row.id === id);
        set({ working: new Map(get().working).set(id, { stage, done, total }) });
        if (old && old.state !== 'working') patch({ ...old, state: 'working', error: null });
        break;
      }
      case 'settled': {
        const working = new Map(get().working);
        working.delete(event.row.id);
        set({ working, blocked: null });
        if (queue && PROBLEM_STATES.includes(event.row.state)) queue.problems += 1;
        patch(event.row);
        refreshSoon();
        break;
      }
      case 'overall': {
        const { type: _, ...progress } = event;
        const summary = get().summary;
        follow(progress);
        set({ blocked: null, ...(summary && { summary: { ...summary, progress } }) });
        break;
      }
      case 'queued':
        set({ blocked: null });
        refreshSoon();
        break;
      case 'removed':
        refreshSoon();
        break;
      case 'skipped':
        skip(event.error);
        break;
      case 'notice':
        warn(event);
        break;
      case 'blocked':
        set({ blocked: { code: event.code, message: event.message, detail: event.detail } });
    }
  }

  return {
    summary: null,
    collections: [],
    query: { search: '', state: 'any', collection: null, sort: 'added', descending: true },
    rows: new Map(),
    total: null,
    error: null,
    selected: new Set(),
    working: new Map(),
    dropping: false,
    naming: false,
    setNaming: (naming) => set({ naming }),
    blocked: null,
    start: (show) => {
      showLibrary = show;
      const stops = [backend().onIngest(onIngest), backend().onDrop((event) => get().onDrop(event))];
      void refresh();
      return () => {
        for (const stop of stops) stop();
      };
    },
    setQuery: (change) => {
      generation += 1;
      asked = new Set();
      set({ query: { ...get().query, ...change }, rows: new Map(), total: null, selected: new Set(), error: null });
      void fetchWindow(0);
    },
    sortBy: (key) => {
      const { query, setQuery } = get();
      const numeric = key === 'pages' || key === 'size' || key === 'added';
      setQuery({ sort: key, descending: query.sort === key ? !query.descending : numeric });
    },
    need: (from, to) => {
      for (let index = Math.floor(from / WINDOW); index <= Math.floor(Math.max(from, to) / WINDOW); index++)
        void fetchWindow(index);
    },
    reload: () => {
      set({ error: null });
      void refresh();
    },
    select: (ids) => {
      selecting += 1;
      set({ selected: new Set(ids) });
    },
    selectBetween: async (from, to) => {
      const first = Math.max(0, Math.min(from, to));
      const limit = Math.max(from, to) - first + 1;
      const { rows, query, select } = get();
      const known = Array.from({ length: limit }, (_, at) => rows.get(first + at)?.id);
      select(known.filter((id) => id !== undefined));
      if (!known.includes(undefined)) return;
      const mine = selecting;
      const list = await attempt(() => backend().documents({ ...query, offset: first, limit }));
      if (list && mine === selecting) select(list.rows.map((row) => row.id));
    },
    add: async (paths) => {
      if (paths.length > 0) await attempt(() => backend().addPaths(paths));
    },
    pick: async (kind) => {
      const paths = await attempt(() => backend().pick(kind));
      if (paths) await get().add(paths);
    },
    addSamples: async () => void (await attempt(() => backend().addSamples())),
    remove: async (ids) => {
      const undo = await attempt(() => backend().removeDocuments(ids));
      if (!undo) return;
      set({ selected: new Set() });
      announce(t('library.removed', { n: ids.length }), undo);
    },
    retry: async (ids) => void (await attempt(() => backend().retry(ids))),
    setPaused: async (paused) => void (await attempt(() => backend().setIngestPaused(paused))),
    cancel: async () => void (await attempt(() => backend().cancelIngest())),
    createCollection: async (name, documents) => {
      await attempt(() => backend().createCollection(name, documents));
      await refresh();
    },
    renameCollection: async (id, name) => {
      await attempt(() => backend().renameCollection(id, name));
      await refresh();
    },
    deleteCollection: async (id) => {
      const name = get().collections.find((collection) => collection.id === id)?.name ?? '';
      const undo = await attempt(() => backend().deleteCollection(id));
      if (!undo) return;
      if (get().query.collection === id) get().setQuery({ collection: null });
      await refresh();
      announce(t('collection.deleted', { name }), async () => {
        await undo();
        await refresh();
      });
    },
    addToCollection: async (id, documents) => {
      await attempt(() => backend().addToCollection(id, documents));
      await refresh();
    },
    removeFromCollection: async (id, documents) => {
      await attempt(() => backend().removeFromCollection(id, documents));
      await refresh();
    },
    onDrop: (event) => {
      set({ dropping: event.type === 'over' });
      if (event.type === 'failed') complain(event);
    },
  };
});
