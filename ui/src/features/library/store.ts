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
import { locale, t, wordsOf } from '@/shared/i18n';
import { announce, attempt, complain, offer, warn } from '@/shared/ui/toasts';

/** Rows fetched at a time. */
const WINDOW = 200;
/** Files that were not taken are gathered so long. */
const SKIP_MS = 600;
/** A queue that took longer was not waited for: its end is told. */
const LONG_MS = 10_000;

type Query = Omit<DocumentQuery, 'offset' | 'limit'>;

const FIRST: Query = { search: '', state: 'any', collection: null, sort: 'added', descending: true };

/** As a person counts: the tenth comes after the second, and letters as their language has them. */
function byName(collections: readonly CollectionRow[]): CollectionRow[] {
  const { compare } = new Intl.Collator(locale(), { numeric: true });
  return [...collections].sort((a, b) => compare(a.name, b.name));
}

const windowOf = (place: number): number => Math.floor(place / WINDOW);

/** What is being read now, by document. */
export interface Working {
  stage: 'reading' | 'recognising' | 'embedding';
  done: number;
  total: number;
}

interface LibraryState {
  summary: LibrarySummary | null;
  collections: CollectionRow[];
  query: Query;
  /** The query that the rows and their number are of: another one's stay until its first are there. */
  shown: Query;
  /** Rows by their place in the current order; places not fetched yet are absent. */
  rows: ReadonlyMap<number, DocumentRow>;
  total: number | null;
  /** Why the list could not be read; where there are rows they are of before. */
  error: ErrorReport | null;
  selected: ReadonlySet<number>;
  working: ReadonlyMap<number, Working>;
  dropping: boolean;
  /** A new collection is being named in the side bar. */
  naming: boolean;
  setNaming: (naming: boolean) => void;
  /** Why nothing goes on, until it is put right. */
  blocked: ErrorReport | null;
  /** Listens; `show` leads to the library's page, `check` looks up evidence that was dropped. */
  start: (show: () => void, check?: (evidence: string) => void) => Stop;
  setQuery: (change: Partial<Query>) => void;
  sortBy: (key: SortKey) => void;
  need: (from: number, to: number) => void;
  reload: () => Promise<void>;
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
  let refreshes = 0;
  let asked = new Set<number>();
  /** Windows of the rows in sight, the first and the last. */
  let needed: [number, number] = [0, 0];
  let waiting = false;
  /** The rows in sight are older: the list could not be read again. */
  let stale = false;
  let refreshed: Promise<void> = Promise.resolve();
  /** Documents that have left since the list was read. */
  const gone = new Set<number>();
  let selecting = 0;
  let skipped: ErrorReport[] = [];
  let showLibrary: () => void = () => undefined;
  let checkEvidence: (path: string) => void = () => undefined;
  /** The queue under way: since when, and how many of it came to nothing. */
  let queue: { since: number; problems: number } | null = null;

  /** What could not be read; rows of another query do not stand in for it. */
  function fail(thrown: unknown): void {
    const { query, shown } = get();
    set({ error: reportOf(thrown), ...(query !== shown && { rows: new Map(), total: null, shown: query }) });
  }

  async function fetchWindow(index: number): Promise<void> {
    if (asked.has(index)) return;
    asked.add(index);
    const mine = generation;
    try {
      const list = await backend().documents({ ...get().query, offset: index * WINDOW, limit: WINDOW });
      if (mine !== generation) return;
      const { rows: old, query, shown } = get();
      const rows = new Map(query === shown ? old : []);
      list.rows.forEach((row, at) => {
        rows.set(index * WINDOW + at, row);
      });
      set({ rows, total: list.total, shown: query, ...(!stale && { error: null }) });
    } catch (thrown) {
      if (mine !== generation) return;
      asked.delete(index);
      fail(thrown);
    }
  }

  /** Reads the windows in sight again, keeping what is shown until the new rows are there. */
  async function refresh(): Promise<void> {
    const [first, last] = needed;
    const windows = Array.from({ length: last - first + 1 }, (_, at) => first + at);
    asked = new Set(windows);
    const mine = ++generation;
    const read = ++refreshes;
    try {
      const [summary, found, ...lists] = await Promise.all([
        backend().summary(),
        backend().collections(),
        ...windows.map((index) => backend().documents({ ...get().query, offset: index * WINDOW, limit: WINDOW })),
      ]);
      if (read !== refreshes) return;
      const collections = byName(found);
      if (mine !== generation) {
        // The rows are another query's now, which has its own; what is counted is of the whole library.
        set({ summary, collections });
        return;
      }
      const { rows: old, query, shown, total } = get();
      // Windows that came into sight meanwhile were fetched by themselves.
      const kept = (place: number): boolean => asked.has(windowOf(place)) && !windows.includes(windowOf(place));
      const rows = new Map(query === shown ? [...old].filter(([place]) => kept(place)) : []);
      windows.forEach((index, at) => {
        lists[at]?.rows.forEach((row, offset) => {
          rows.set(index * WINDOW + offset, row);
        });
      });
      stale = false;
      set({ summary, collections, rows, total: lists[0]?.total ?? total, shown: query, error: null });
    } catch (thrown) {
      if (mine !== generation) return;
      stale = true;
      fail(thrown);
    }
  }

  /** What events ask for: one after the other, since one that is begun anew before it ends never does on a slow machine. */
  function refreshSoon(): void {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      refreshed = refreshed.then(() => {
        waiting = false;
        letGo();
        return refresh();
      });
    }, 400);
  }

  /** Documents that are gone are selected no longer: for one of them, what is done with all would fail. */
  function letGo(): void {
    const { selected } = get();
    const left = [...selected].filter((id) => !gone.has(id));
    gone.clear();
    if (left.length < selected.size) set({ selected: new Set(left) });
  }

  /** A document is worked on no longer. */
  function rest(id: number): void {
    const working = new Map(get().working);
    if (working.delete(id)) set({ working });
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

  function nameOf(collection: number): string {
    return get().collections.find(({ id }) => id === collection)?.name ?? '';
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
      get().setQuery({ search: '', state, collection: null });
      showLibrary();
    };
    const { problems } = ended;
    if (problems > 0)
      offer(`${t('ingest.ended', { n: total })} ${t('ingest.problems', { n: problems })}`, t('chat.show'), () =>
        show('problem'),
      );
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
        rest(event.row.id);
        set({ blocked: null });
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
        rest(event.id);
        gone.add(event.id);
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
    query: FIRST,
    shown: FIRST,
    rows: new Map(),
    total: null,
    error: null,
    selected: new Set(),
    working: new Map(),
    dropping: false,
    naming: false,
    setNaming: (naming) => set({ naming }),
    blocked: null,
    start: (show, check = () => undefined) => {
      showLibrary = show;
      checkEvidence = check;
      const stops = [backend().onIngest(onIngest), backend().onDrop((event) => get().onDrop(event))];
      void refresh();
      return () => {
        for (const stop of stops) stop();
      };
    },
    setQuery: (change) => {
      generation += 1;
      asked = new Set();
      needed = [0, 0];
      stale = false;
      set({ query: { ...get().query, ...change }, error: null });
      get().select([]);
      // What could not be counted is with the next list.
      void (get().summary ? fetchWindow(0) : refresh());
    },
    sortBy: (key) => {
      const { query, setQuery } = get();
      const numeric = key === 'pages' || key === 'size' || key === 'added';
      setQuery({ sort: key, descending: query.sort === key ? !query.descending : numeric });
    },
    need: (from, to) => {
      needed = [windowOf(from), windowOf(Math.max(from, to))];
      for (let index = needed[0]; index <= needed[1]; index++) void fetchWindow(index);
    },
    reload: async () => {
      // Beside older rows it stays said until new ones are there.
      if (get().total === null) set({ error: null });
      await refresh();
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
      get().select([]);
      announce(t('library.removed', { n: ids.length }), async () => {
        await undo();
        await refresh();
      });
    },
    retry: async (ids) => void (await attempt(() => backend().retry(ids))),
    setPaused: async (paused) => void (await attempt(() => backend().setIngestPaused(paused))),
    cancel: async () => void (await attempt(() => backend().cancelIngest())),
    createCollection: async (name, documents) => {
      const made = await attempt(() => backend().createCollection(name, documents));
      await refresh();
      if (made && documents.length > 0) announce(t('collection.added', { n: documents.length, name }));
    },
    renameCollection: async (id, name) => {
      await attempt(() => backend().renameCollection(id, name));
      await refresh();
    },
    deleteCollection: async (id) => {
      const name = nameOf(id);
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
      const added = await attempt(() =>
        backend()
          .addToCollection(id, documents)
          .then(() => true),
      );
      await refresh();
      // No way back: which of them were in it before is not known.
      if (added) announce(t('collection.added', { n: documents.length, name: nameOf(id) }));
    },
    removeFromCollection: async (id, documents) => {
      const name = nameOf(id);
      const taken = await attempt(() =>
        backend()
          .removeFromCollection(id, documents)
          .then(() => true),
      );
      // They are in this list no longer: what is done next is not done with them.
      if (taken) get().select([]);
      await refresh();
      if (!taken) return;
      announce(t('collection.taken', { n: documents.length, name }), async () => {
        await backend().addToCollection(id, documents);
        await refresh();
      });
    },
    onDrop: (event) => {
      set({ dropping: event.type === 'over' });
      if (event.type === 'failed') complain(event);
      if (event.type === 'evidence') checkEvidence(event.path);
    },
  };
});
