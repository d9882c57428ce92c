import type { DocumentQuery, LibrarySummary, Stop, Undo } from '../backend';
import type {
  CollectionRow,
  DocumentPage,
  DocumentRow,
  DocumentState,
  ErrorReport,
  IngestEvent,
  IngestProgress,
  LanguageOffer,
  Settings,
} from '../types';
import { PROBLEM_STATES } from '../types';
import { HOSTILE_NAMES } from './hostile';
import { pick, seeded } from './random';

const SUBJECTS = [
  'Lease',
  'Boiler manual',
  'Annual report',
  'Insurance policy',
  'Travel expenses',
  'Tender',
  'Board minutes',
  'Invoice',
  'Service agreement',
  'Field study',
  'Safety data sheet',
  'Project plan',
] as const;
const PLACES = ['Hamburg', 'Lyon', 'Oslo', 'Porto', 'Ghent', 'Turin', 'Graz', 'Leeds', 'Utrecht', 'Kraków'] as const;
const FORMATS = [
  ['pdf', 'application/pdf'],
  ['pdf', 'application/pdf'],
  ['pdf', 'application/pdf'],
  ['docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  ['xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  ['md', 'text/markdown'],
  ['html', 'text/html'],
  ['epub', 'application/epub+zip'],
] as const;

const FAILURES: Partial<Record<DocumentState, string>> = {
  needs_password: 'The file is encrypted.\nRemove the password in the program that made it, then press Retry.',
  no_text:
    'All 12 pages are pictures: this is a scan without text.\nTurn text recognition on in the settings, and it is read again.',
  unsupported: 'Pages documents are not read.\nExport it as PDF or DOCX and add that.',
  damaged: 'The file ends in the middle of a page.\nOpen it in its own program and save it again, then press Retry.',
  too_large: 'The file has 1.2 GB; the limit is 512 MB.\nSplit it into parts.',
  timed_out: 'Reading stopped at page 31 after 60 seconds.\nPress Retry; if it stops again, save it as a new PDF.',
  crashed: 'The reader stopped twice on this file.\nPress Retry; if it stops again, save it as a new PDF.',
  unreadable: 'The file could not be opened: permission denied.\nChange its permissions, then press Retry.',
  empty: 'The file has no bytes.\nNothing to do.',
  duplicate: 'The same bytes as `Lease Hamburg 2021.pdf`.\nNothing to do: it is searched once.',
};

/** So long a removal can be undone, as in the engine. */
const UNDO_MS = 15_000;

/** The title of the document every sample answer cites. */
export const LEASE = 'Lease-2024.pdf';

function makeRow(id: number, random: () => number, settled: boolean): DocumentRow {
  const [extension, mediaType] = pick(random, FORMATS);
  const name =
    id === 1
      ? LEASE
      : `${pick(random, SUBJECTS)} ${pick(random, PLACES)} ${2015 + Math.floor(random() * 10)}-${id}.${extension}`;
  const roll = random();
  const failures = Object.keys(FAILURES) as DocumentState[];
  const state: DocumentState = !settled ? 'queued' : id > 8 && roll < 0.03 ? pick(random, failures) : 'ready';
  const reason = FAILURES[state];
  const kind = id === 1 ? 'application/pdf' : mediaType;
  const pages = state === 'ready' ? (id === 1 ? 31 : 1 + Math.floor(random() ** 3 * 240)) : 0;
  return {
    id,
    path: `/home/ada/Documents/${pick(random, PLACES)}/${name}`,
    title: name,
    media_type: kind,
    drawable: kind === 'application/pdf',
    state,
    error: reason ? { code: state, message: reason, detail: null } : null,
    pages,
    failed_pages: state === 'ready' && roll > 0.985 ? [{ page: 3, reason: 'The page is a picture without text.' }] : [],
    chunks: pages * 3,
    size_bytes: Math.floor(20_000 + random() ** 2 * 8_000_000),
    language: pick(random, ['en', 'en', 'de', 'fr']),
    added_at_ms: 1_763_900_000_000 - id * 3_600_000,
    changed: id === 4,
  };
}

/** The documents of the mock: sorts, filters, ingests on a timer, forgets and restores. */
export class MockLibrary {
  rows: DocumentRow[] = [];
  collections: { id: number; name: string; members: Set<number> }[] = [];
  private listeners = new Set<(event: IngestEvent) => void>();
  private random = seeded(7);
  private nextId = 1;
  private nextCollection = 1;
  private timer: ReturnType<typeof setInterval> | undefined;
  private paused = false;
  private batch = { done: 0, total: 0 };
  private order: { key: string; rows: DocumentRow[] } | null = null;

  constructor(count: number, pending: number) {
    for (let i = 0; i < count; i++) this.rows.push(makeRow(this.nextId++, this.random, true));
    if (count > 0) {
      this.collections = [
        {
          id: this.nextCollection++,
          name: 'Contracts',
          members: new Set(this.rows.filter((row) => /Lease|agreement/.test(row.title)).map((row) => row.id)),
        },
        {
          id: this.nextCollection++,
          name: 'Manuals',
          members: new Set(this.rows.filter((row) => /manual|Safety/.test(row.title)).map((row) => row.id)),
        },
      ];
    }
    if (pending > 0) this.enqueue(Array.from({ length: pending }, () => null));
  }

  /** Hostile names over the first rows. */
  makeHostile(): void {
    HOSTILE_NAMES.forEach((name, index) => {
      const row = this.rows[index + 1];
      if (row) this.rows[index + 1] = { ...row, title: name, path: `/home/ada/${name}`, state: 'ready', error: null };
    });
    this.order = null;
  }

  list(query: DocumentQuery): DocumentPage {
    const { offset, limit, ...rest } = query;
    const key = JSON.stringify(rest);
    if (this.order?.key !== key) this.order = { key, rows: this.sorted(query) };
    return { rows: this.order.rows.slice(offset, offset + limit), total: this.order.rows.length };
  }

  private sorted(query: DocumentQuery): DocumentRow[] {
    const words = query.search.toLowerCase();
    const members = query.collection === null ? null : this.collections.find((c) => c.id === query.collection)?.members;
    const rows = this.rows.filter(
      (row) =>
        (!words || row.title.toLowerCase().includes(words)) &&
        (query.collection === null || members?.has(row.id)) &&
        (query.state === 'any' ||
          (query.state === 'problem' ? PROBLEM_STATES.includes(row.state) : row.state === query.state)),
    );
    const value = (row: DocumentRow): string | number =>
      ({
        title: row.title.toLowerCase(),
        state: row.state,
        pages: row.pages ?? 0,
        size: row.size_bytes ?? 0,
        added: row.added_at_ms ?? 0,
      })[query.sort];
    const sign = query.descending ? -1 : 1;
    return rows.sort((a, b) => (value(a) < value(b) ? -sign : value(a) > value(b) ? sign : a.id - b.id));
  }

  find(id: number): DocumentRow {
    const row = this.rows.find((candidate) => candidate.id === id);
    if (!row) throw report('document_gone', 'The document is no longer in the library.\nAdd the file again.');
    return row;
  }

  summary(): LibrarySummary {
    return {
      documents: this.rows.length,
      ready: this.rows.filter((row) => row.state === 'ready').length,
      chunks: this.rows.reduce((sum, row) => sum + row.chunks, 0),
      failed: this.rows.filter((row) => PROBLEM_STATES.includes(row.state)).length,
      progress: this.progress(),
    };
  }

  /** As if most of what is ready were in German. */
  languageOffer({ embedder }: Settings): LanguageOffer | null {
    const told = this.rows.filter((row) => row.state === 'ready').length;
    if (embedder === 'multilingual-e5-small' || told < 4) return null;
    return {
      notice: { code: 'library_language', message: 'Most of this library is not in English.' },
      language: 'de',
      documents: Math.ceil(told * 0.75),
      told,
      share: 0.75,
      embedder,
      offered: 'multilingual-e5-small',
      installed: false,
      folder: '/home/ada/.local/share/docmind/models/multilingual-e5-small',
      published: 'intfloat/multilingual-e5-small',
      size_mib: 449,
    };
  }

  progress(): IngestProgress {
    const left = this.batch.total - this.batch.done;
    const running = left > 0 && !this.paused;
    return {
      ...this.batch,
      chunks_per_second: running ? 61.4 : 0,
      remaining_s: running ? left * 0.4 : null,
      paused: this.paused ? 'paused' : null,
    };
  }

  listen(listener: (event: IngestEvent) => void): Stop {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  private emit(event: IngestEvent): void {
    for (const listener of this.listeners) listener(event);
  }

  /** Adds files; `null` makes one up. */
  enqueue(paths: (string | null)[]): void {
    const added = paths.map((path) => {
      const row = makeRow(this.nextId++, this.random, false);
      return path ? { ...row, path, title: path.split('/').at(-1) ?? path } : row;
    });
    this.rows = [...added, ...this.rows];
    this.order = null;
    if (this.batch.done === this.batch.total) this.batch = { done: 0, total: 0 };
    this.batch.total += added.length;
    this.emit({ type: 'queued', files: added.length });
    this.emit({ type: 'overall', ...this.progress() });
    this.timer ??= setInterval(() => this.advance(), 120);
  }

  private advance(): void {
    if (this.paused) return;
    const working = this.rows.find((row) => row.state === 'working');
    if (working) {
      const failing = working.title.toLowerCase().includes('damaged');
      const row: DocumentRow = failing
        ? { ...working, state: 'damaged', error: { code: 'damaged', message: FAILURES.damaged ?? '', detail: null } }
        : {
            ...working,
            state: 'ready',
            changed: false,
            pages: working.pages || 1 + (working.id % 40),
            chunks: working.chunks || 3 * (1 + (working.id % 40)),
          };
      this.replace(row);
      this.batch.done += 1;
      this.emit({ type: 'settled', row, outcome: failing ? 'failed' : 'ready', indexed_chunks: row.chunks, ms: 412 });
      this.emit({ type: 'overall', ...this.progress() });
      return;
    }
    const next = this.rows.findLast((row) => row.state === 'queued');
    if (!next) {
      clearInterval(this.timer);
      this.timer = undefined;
      return;
    }
    this.replace({ ...next, state: 'working' });
    this.emit({
      type: 'progress',
      id: next.id,
      path: next.path,
      stage: next.id % 2 ? 'reading' : 'embedding',
      done: 31,
      total: 212,
    });
  }

  private replace(row: DocumentRow): void {
    this.rows = this.rows.map((old) => (old.id === row.id ? row : old));
    this.order = null;
  }

  /** Tells what the engine would: a full disk, a file not taken. A blocked queue stands still until it is resumed. */
  tell(event: IngestEvent): void {
    if (event.type === 'blocked') this.paused = true;
    this.emit(event);
  }

  setPaused(paused: boolean): void {
    this.paused = paused;
    this.emit({ type: 'overall', ...this.progress() });
  }

  /** What was being read for the first time leaves the library; what was read again is as it was. */
  cancel(): void {
    const waiting = this.rows.filter((row) => row.state === 'queued' || row.state === 'working');
    const [restored, dropped] = [waiting.filter((row) => row.chunks > 0), waiting.filter((row) => row.chunks === 0)];
    this.rows = this.rows.filter((row) => !dropped.includes(row));
    this.order = null;
    for (const row of dropped) this.emit({ type: 'removed', id: row.id });
    for (const row of restored) {
      const back: DocumentRow = { ...row, state: 'ready' };
      this.replace(back);
      this.emit({ type: 'settled', row: { ...back, changed: false }, outcome: 'ready', indexed_chunks: 0, ms: 0 });
    }
    this.batch.done += restored.length;
    this.batch.total = this.batch.done;
    this.emit({ type: 'overall', ...this.progress() });
  }

  retry(ids: number[] | 'all'): number {
    const again = this.rows.filter(
      (row) => (row.error || row.changed) && row.state !== 'duplicate' && (ids === 'all' || ids.includes(row.id)),
    );
    if (again.length === 0) return 0;
    for (const row of again) this.replace({ ...row, state: 'queued', error: null });
    if (this.batch.done === this.batch.total) this.batch = { done: 0, total: 0 };
    this.batch.total += again.length;
    this.emit({ type: 'queued', files: again.length });
    this.emit({ type: 'overall', ...this.progress() });
    this.timer ??= setInterval(() => this.advance(), 120);
    return again.length;
  }

  remove(ids: number[]): Undo {
    const gone = this.rows.filter((row) => ids.includes(row.id));
    const removedAt = performance.now();
    this.rows = this.rows.filter((row) => !gone.includes(row));
    this.order = null;
    for (const id of ids) this.emit({ type: 'removed', id });
    // Said to nobody; and too late, nothing comes back.
    return async () => {
      if (performance.now() - removedAt > UNDO_MS) return;
      this.rows = [...this.rows, ...gone];
      this.order = null;
    };
  }

  collectionList(): CollectionRow[] {
    const amount = (members: Set<number>): number => this.rows.filter((row) => members.has(row.id)).length;
    return this.collections.map(({ id, name, members }) => ({ id, name, documents: amount(members) }));
  }

  createCollection(name: string, documents: number[]): CollectionRow {
    const collection = { id: this.nextCollection++, name, members: new Set(documents) };
    this.collections.push(collection);
    return { id: collection.id, name, documents: documents.length };
  }

  collection(id: number): { id: number; name: string; members: Set<number> } {
    const found = this.collections.find((collection) => collection.id === id);
    if (!found) throw report('collection_gone', 'The collection is gone.\nChoose another.');
    this.order = null;
    return found;
  }

  deleteCollection(id: number): Undo {
    const found = this.collection(id);
    this.collections = this.collections.filter((collection) => collection.id !== id);
    return async () => void this.collections.push(found);
  }
}

export function report(code: string, message: string): ErrorReport {
  return { code, message, detail: null };
}
