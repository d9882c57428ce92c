import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type Backend, backend, type DocumentRow, type IngestEvent, type Place, setBackend } from '@/ipc';
import { createMock, MOCK_DEFAULTS } from '@/ipc/mock';
import { complain } from '@/shared/ui/toasts';
import { type Target, useSource } from './store';

vi.mock('@/shared/ui/toasts', async (load) => ({ ...(await load<object>()), complain: vi.fn() }));

const START = useSource.getInitialState();
const source = useSource.getState;
/** Those of the mock: the fourth document is one whose file has changed. */
const CHANGED = 4;

const passage = (document: number, page = 1): Target => ({ document, page, span: null, n: null, quote: null });

/** Listeners to ingest that have not been stopped. */
let listening: Set<(event: IngestEvent) => void>;

/** A mock with some commands put in their place, over which listeners are counted. */
function engine(changed: Partial<Backend> = {}): void {
  const mock = createMock({ ...MOCK_DEFAULTS, speed: 0, turns: 0, documents: 12 });
  listening = new Set();
  setBackend({
    ...mock,
    onIngest: (listener) => {
      const stop = mock.onIngest(listener);
      listening.add(listener);
      return () => {
        stop();
        listening.delete(listener);
      };
    },
    ...changed,
  });
}

beforeEach(() => {
  useSource.setState(START, true);
  vi.mocked(complain).mockClear();
  engine();
});

describe('a document that is read again', () => {
  it('is shown anew, and only it is said to be read', async () => {
    await source().open(passage(CHANGED));
    expect(source().row?.changed).toBe(true);
    await source().readAgain();
    expect([...source().reading]).toEqual([CHANGED]);
    await source().open(passage(1));
    expect(source().reading.has(1)).toBe(false);
    await source().open(passage(CHANGED));
    await vi.waitFor(() => expect(source().row?.changed).toBe(false), { timeout: 5000 });
    expect(source().reading.size).toBe(0);
    expect(listening.size).toBe(1);
  });

  it('waits for nothing where nothing was queued', async () => {
    engine({ retry: async () => 0 });
    await source().open(passage(CHANGED));
    await source().readAgain();
    expect(source().reading.size).toBe(0);
    expect(listening.size).toBe(1);
    await vi.waitFor(() => expect(source().row?.id).toBe(CHANGED));
  });

  it('waits for nothing where its file is gone', async () => {
    engine({ retry: () => Promise.reject({ code: 'file_unreadable', message: 'Gone.', detail: null }) });
    await source().open(passage(CHANGED));
    await source().readAgain();
    expect(source().reading.size).toBe(0);
    expect(listening.size).toBe(1);
  });

  it('is waited for no longer when the queue is dropped, nor when it is removed', async () => {
    await source().open(passage(CHANGED));
    await backend().setIngestPaused(true);
    await source().readAgain();
    await backend().cancelIngest();
    expect(source().reading.size).toBe(0);
    // As it was: still to be read again.
    await vi.waitFor(() => expect(source().row?.changed).toBe(true));
    await source().readAgain();
    expect([...source().reading]).toEqual([CHANGED]);
    await backend().removeDocuments([CHANGED]);
    expect(source().reading.size).toBe(0);
    expect(listening.size).toBe(1);
  });
});

/** Tells the store what the engine would of a document. */
function tell(event: IngestEvent): void {
  for (const listener of listening) listener(event);
}

function settled(row: DocumentRow): IngestEvent {
  return { type: 'settled', row, outcome: 'ready', indexed_chunks: row.chunks, ms: 40 };
}

describe('a document that changes while it is open', () => {
  /** What the engine knows of it now. */
  let now: DocumentRow;

  beforeEach(async () => {
    engine({ document: async () => now });
    now = await createMock({ ...MOCK_DEFAULTS, speed: 0, documents: 12 }).document(1);
    await source().open(passage(1, 7));
    source().goTo(9);
  });

  it('is shown anew on the page that was read, and goes nowhere', async () => {
    const { aim, reads } = source();
    now = { ...now, title: 'Lease, second edition', pages: 40 };
    tell(settled(now));
    await vi.waitFor(() => expect(source().row?.title).toBe('Lease, second edition'));
    expect(source()).toMatchObject({ page: 9, reads: reads + 1 });
    expect(source().aim).toBe(aim);
    // Of another document it is no matter.
    tell(settled({ ...now, id: 2 }));
    await vi.waitFor(() => expect(source().reads).toBe(reads + 1));
  });

  it('ends on its last page where there are fewer now', async () => {
    now = { ...now, pages: 4 };
    tell(settled(now));
    await vi.waitFor(() => expect(source().page).toBe(4));
  });

  it('is searched anew for what was looked for', async () => {
    source().setSearching(true);
    await source().find('tenant');
    const before = source().found;
    source().stepFound(1);
    const { foundAt, page } = source();
    tell(settled(now));
    await vi.waitFor(() => expect(source().found).not.toBe(before));
    expect(source()).toMatchObject({ found: before, foundAt, page });
  });

  it('says why where it could not be read again, and shows it once it could', async () => {
    const whole = now;
    const error = { code: 'damaged', message: 'Cut off.', detail: null };
    now = { ...now, state: 'damaged', pages: 0, error };
    tell(settled(now));
    await vi.waitFor(() => expect(source().error).toEqual(error));
    now = whole;
    tell(settled(now));
    await vi.waitFor(() => expect(source().error).toBeNull());
    expect(source()).toMatchObject({ row: whole, page: 9 });
  });

  it('is said to be gone when it is, until it is back', async () => {
    tell({ type: 'removed', id: 2 });
    expect(source().removed).toBe(false);
    tell({ type: 'removed', id: 1 });
    expect(source()).toMatchObject({ removed: true, page: 9 });
    await source().lookAgain();
    expect(source()).toMatchObject({ removed: false, page: 9 });
  });
});

describe('where the view goes', () => {
  beforeEach(() => source().open(passage(1, 7)));

  it('is the passage that was opened, each time it is', async () => {
    const { aim } = source();
    expect(aim.at).toBe('passage');
    await source().open(passage(1, 7));
    expect(source().aim).toEqual(aim);
    expect(source().aim).not.toBe(aim);
  });

  it('is what was found, and stays when the search is closed', async () => {
    source().setSearching(true);
    await source().find('tenant');
    expect(source()).toMatchObject({ page: 7, aim: { at: 'found' } });
    const { aim } = source();
    source().stepFound(1);
    expect(source().aim).not.toBe(aim);
    const last = source().aim;
    source().setSearching(false);
    expect(source().aim).toBe(last);
  });

  it('is the top of the next page and the foot of the one before, and nowhere at the last', () => {
    source().goTo(8);
    expect(source()).toMatchObject({ page: 8, aim: { at: 'start' } });
    source().goTo(7, 'end');
    expect(source()).toMatchObject({ page: 7, aim: { at: 'end' } });
    source().goTo(99);
    const { aim } = source();
    source().goTo(100);
    expect(source()).toMatchObject({ page: 31 });
    expect(source().aim).toBe(aim);
  });
});

describe('a search in a document', () => {
  const FOUND: Place[] = [{ page: 20, span: { start: 0, end: 6 } }];
  let answer: (found: Place[]) => void;

  beforeEach(async () => {
    engine({
      findInDocument: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    });
    await source().open(passage(1));
    source().setSearching(true);
  });

  it('goes to what is found', async () => {
    const finding = source().find('tenant');
    answer(FOUND);
    await finding;
    expect(source()).toMatchObject({ page: 20, found: FOUND, finding: false });
  });

  it('does not lead away from a passage that was opened meanwhile', async () => {
    const finding = source().find('tenant');
    await source().open(passage(1, 7));
    answer(FOUND);
    await finding;
    expect(source()).toMatchObject({ page: 7, found: FOUND, finding: false });
  });

  it('does not say of another document what it found in the first', async () => {
    const finding = source().find('tenant');
    await source().open(passage(2, 3));
    answer(FOUND);
    await finding;
    expect(source()).toMatchObject({ page: 3, found: [], finding: false });
    // Nor of the first when it is opened again, without its search.
    source().setSearching(true);
    const again = source().find('tenant');
    await source().open(passage(1, 7));
    await source().open(passage(2, 3));
    answer(FOUND);
    await again;
    expect(source()).toMatchObject({ page: 3, found: [], query: '' });
  });

  it('that fails leaves the document open where it was read', async () => {
    engine({ findInDocument: () => Promise.reject({ code: 'worker_died', message: 'Gone.', detail: null }) });
    source().goTo(5);
    await source().find('tenant');
    expect(complain).toHaveBeenCalledOnce();
    expect(source()).toMatchObject({ page: 5, error: null, found: [], finding: false });
    expect(source().row).not.toBeNull();
  });

  it('is over when it is switched off', async () => {
    const finding = source().find('tenant');
    source().setSearching(false);
    answer(FOUND);
    await finding;
    expect(source()).toMatchObject({ page: 1, found: [], finding: false });
  });
});
