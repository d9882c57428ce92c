import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type Backend, backend, type IngestEvent, type Place, setBackend } from '@/ipc';
import { createMock, MOCK_DEFAULTS } from '@/ipc/mock';
import { type Target, useSource } from './store';

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
    expect(listening.size).toBe(0);
  });

  it('waits for nothing where nothing was queued', async () => {
    engine({ retry: async () => 0 });
    await source().open(passage(CHANGED));
    await source().readAgain();
    expect(source().reading.size).toBe(0);
    expect(listening.size).toBe(0);
    await vi.waitFor(() => expect(source().row?.id).toBe(CHANGED));
  });

  it('waits for nothing where its file is gone', async () => {
    engine({ retry: () => Promise.reject({ code: 'file_unreadable', message: 'Gone.', detail: null }) });
    await source().open(passage(CHANGED));
    await source().readAgain();
    expect(source().reading.size).toBe(0);
    expect(listening.size).toBe(0);
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
    expect(listening.size).toBe(0);
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

  it('is over when it is switched off', async () => {
    const finding = source().find('tenant');
    source().setSearching(false);
    answer(FOUND);
    await finding;
    expect(source()).toMatchObject({ page: 1, found: [], finding: false });
  });
});
