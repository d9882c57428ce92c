import { act, cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Backend, backend, type DocumentQuery, type IngestEvent, type Stop, setBackend } from '@/ipc';
import { createMock, MOCK_DEFAULTS, type MockOptions } from '@/ipc/mock';
import { setLanguage } from '@/shared/i18n';
import { ToastList, undoLast } from '@/shared/ui/toasts';
import { LibraryNav } from './LibraryNav';
import { LibraryPage } from './LibraryPage';
import { useLibrary } from './store';

const START = useLibrary.getInitialState();
const library = useLibrary.getState;
const opened = vi.fn();
const asked = vi.fn();
const recognised = vi.fn();
let stop: Stop = () => undefined;

/** The page is opened on a library of the mock's, with some commands put in their place. */
async function open(
  options: Partial<MockOptions> = {},
  changed: (mock: Backend) => Partial<Backend> = () => ({}),
): Promise<void> {
  useLibrary.setState(START, true);
  const mock = createMock({ ...MOCK_DEFAULTS, speed: 0, turns: 0, documents: 12, ...options });
  setBackend({ ...mock, ...changed(mock) });
  render(
    <>
      <LibraryPage onOpen={opened} onAsk={asked} onChooseEmbedder={() => undefined} onRecognise={recognised} />
      <ToastList />
    </>,
  );
  act(() => {
    stop = library().start(() => undefined);
  });
  await screen.findByRole('grid');
  await waitFor(() => expect(lines().length).toBeGreaterThan(0));
}

const lines = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('.document-line:not(.waiting)')];
const line = (at: number): HTMLElement => lines()[at] ?? document.body;
const idOf = (element: HTMLElement): number => Number(element.id.replace('document-', ''));
const menuOf = (element: HTMLElement): HTMLElement => within(element).getByRole('button', { name: /^Actions for/ });

/** The other way round: there the mock's new documents come first. */
async function oldestFirst(): Promise<void> {
  const first = idOf(line(0));
  act(() => library().setQuery({ descending: false }));
  await waitFor(() => expect(idOf(line(0))).not.toBe(first));
}

beforeEach(() => {
  vi.clearAllMocks();
  // Lists draw what is in sight: jsdom lays nothing out, so every box gets a size.
  for (const [name, value] of Object.entries({ offsetHeight: 600, clientHeight: 600, offsetWidth: 800 }))
    Object.defineProperty(HTMLElement.prototype, name, { configurable: true, value });
});

afterEach(() => {
  setLanguage('en');
  // Messages outlive the page that shows them.
  for (const each of document.querySelectorAll('.toast .icon-button')) fireEvent.click(each);
  act(() => stop());
  cleanup();
});

describe('the line that the keys act on', () => {
  it('stays with its document when others come above it', async () => {
    await open();
    await oldestFirst();
    fireEvent.click(line(3));
    const id = idOf(line(3));
    await act(() => backend().addPaths(['/x/new.pdf', '/x/other.pdf']));
    await waitFor(() => expect(lines().findIndex((each) => idOf(each) === id)).toBe(5));
    fireEvent.keyDown(screen.getByRole('grid'), { key: 'Enter' });
    expect(opened).toHaveBeenCalledWith(expect.objectContaining({ id }));
    // A range reaches from the document that was chosen.
    fireEvent.click(line(6), { shiftKey: true });
    expect([...library().selected]).toEqual([id, idOf(line(6))]);
  });
});

describe('keys of the window', () => {
  it('are not taken by the list', async () => {
    await open();
    const key = (init: object): boolean => fireEvent.keyDown(screen.getByRole('grid'), init);
    expect(key({ key: 'PageDown', ctrlKey: true })).toBe(true);
    expect(key({ key: 'PageDown' })).toBe(false);
  });
});

describe('the side bar', () => {
  it('names one list as the one that is shown', async () => {
    await open({ documents: 1204 });
    render(<LibraryNav active onShow={() => undefined} />);
    const current = (): (string | null)[] =>
      [...document.querySelectorAll('[aria-current="page"] bdi')].map((each) => each.textContent);
    act(() => library().setQuery({ collection: 1, state: 'problem' }));
    expect(current()).toEqual(['Contracts']);
    act(() => library().setQuery({ collection: null }));
    expect(current()).toEqual(['Needs attention']);
  });

  it.each(['key', 'menu'])('keeps the focus on the line beside one that is deleted (%s)', async (by) => {
    await open();
    render(<LibraryNav active onShow={() => undefined} />);
    const line = (name: string): HTMLElement => screen.getByRole('button', { name: new RegExp(`^${name}`) });
    act(() => line('Contracts').focus());
    if (by === 'key') fireEvent.keyDown(line('Contracts'), { key: 'Delete' });
    else {
      fireEvent.click(screen.getByRole('button', { name: 'Actions for Contracts' }));
      fireEvent.click(screen.getByRole('menuitem', { name: 'Delete' }));
    }
    await waitFor(() => expect(library().collections).toHaveLength(1));
    await waitFor(() => expect(document.activeElement).toBe(line('Manuals')));
  });
});

describe('a scan without text', () => {
  it('is read at the press of a button, where that was not tried', async () => {
    const told = (code: string) => ({ code, message: 'Pictures.', detail: null });
    await open({}, (mock) => ({
      documents: async (query) => {
        const list = await mock.documents(query);
        const [first, second, ...rest] = list.rows;
        const scan = { state: 'no_text', pages: 0 } as const;
        if (!first || !second) return list;
        const rows = [
          { ...first, ...scan, error: told('no_text') },
          { ...second, ...scan, error: told('no_writing') },
        ];
        return { ...list, rows: [...rows, ...rest] };
      },
    }));
    const button = (): HTMLElement | null => screen.queryByRole('button', { name: 'Read the text of scans' });
    fireEvent.click(line(1));
    expect(button()).toBeNull();
    fireEvent.click(line(0));
    fireEvent.click(button() ?? document.body);
    expect(recognised).toHaveBeenCalledOnce();
  });
});

describe('a document that is called otherwise than its file', () => {
  it('shows the name of its file too, and its path where a pointer rests on it', async () => {
    await open({}, (mock) => ({
      documents: async (query) => {
        const list = await mock.documents(query);
        const [first, ...rest] = list.rows;
        const path = '/home/ada/Scans/scan_0042.pdf';
        return { ...list, rows: first ? [{ ...first, title: 'Annual report', path }, ...rest] : [] };
      },
    }));
    expect(line(0).textContent).toContain('Annual reportscan_0042.pdf · /home/ada/Scans');
    expect(within(line(0)).getByText('Annual report').title).toContain('/home/ada/Scans/scan_0042.pdf');
    const { title, path } = library().rows.get(1) ?? { title: '', path: '' };
    expect(line(1).textContent).toContain(`${title}${path.slice(0, path.lastIndexOf('/'))}`);
    expect(line(1).textContent).not.toContain('·');
  });
});

const QUEUE = { total: 3, chunks_per_second: null, remaining_s: null, paused: null };

describe('a queue', () => {
  let tell: (event: IngestEvent) => void = () => undefined;
  beforeEach(() =>
    open({}, (mock) => ({
      onIngest: (listener) => {
        tell = listener;
        return mock.onIngest(listener);
      },
    })),
  );

  it('that waits for an answer can be paused, and goes on only when a person paused it', () => {
    act(() => tell({ type: 'overall', done: 1, ...QUEUE, paused: 'answering' }));
    expect(screen.getByRole('button', { name: 'Pause' })).toBeTruthy();
    act(() => tell({ type: 'overall', done: 1, ...QUEUE, paused: 'paused' }));
    expect(screen.getByRole('button', { name: 'Go on' })).toBeTruthy();
  });

  it('leads at its end to what needs attention, whatever was searched for', async () => {
    const row = library().rows.get(0);
    if (!row) throw new Error('the list is empty');
    act(() => library().setQuery({ search: 'no document is called so' }));
    act(() => {
      tell({ type: 'overall', done: 0, ...QUEUE });
      tell({ type: 'settled', row: { ...row, state: 'damaged' }, outcome: 'failed', indexed_chunks: 0, ms: 1 });
      tell({ type: 'overall', done: 3, ...QUEUE });
    });
    fireEvent.click(await screen.findByRole('button', { name: 'Show' }));
    expect(library().query).toMatchObject({ search: '', state: 'problem' });
  });

  it('of one file, and of one that needs attention, is counted as one', () => {
    act(() => tell({ type: 'overall', done: 0, ...QUEUE, total: 1 }));
    expect(screen.getByText('0 of 1 file')).toBeTruthy();
    act(() => tell({ type: 'overall', done: 1, ...QUEUE, total: 1204 }));
    expect(screen.getByText('1 of 1,204 files')).toBeTruthy();
    const { summary } = library();
    const again = (failed: number): string | null | undefined => {
      act(() => useLibrary.setState({ summary: summary && { ...summary, failed } }));
      return document.querySelector('.toolbar > .button')?.textContent;
    };
    expect([0, 1, 1204].map(again)).toEqual([undefined, 'Retry 1 document', 'Retry all 1,204']);
  });

  it('counts at its end what needs attention by itself', async () => {
    const row = library().rows.get(0);
    if (!row) throw new Error('the list is empty');
    act(() => {
      setLanguage('de');
      tell({ type: 'overall', done: 0, ...QUEUE });
      tell({ type: 'settled', row: { ...row, state: 'damaged' }, outcome: 'failed', indexed_chunks: 0, ms: 1 });
      tell({ type: 'overall', done: 3, ...QUEUE });
    });
    await screen.findByText('3 Dateien wurden gelesen. 1 braucht Aufmerksamkeit.');
  });
});

describe('a list that takes long to read', () => {
  it('follows a queue all the same', async () => {
    vi.resetModules();
    const [ipc, { useLibrary: anew }] = await Promise.all([import('@/ipc'), import('./store')]);
    vi.useFakeTimers();
    let tell: (event: IngestEvent) => void = () => undefined;
    const mock = createMock({ ...MOCK_DEFAULTS, speed: 0, documents: 12 });
    ipc.setBackend({
      ...mock,
      onIngest: (listener) => {
        tell = listener;
        return () => undefined;
      },
      summary: async () => {
        await new Promise((resolve) => setTimeout(resolve, 700));
        return mock.summary();
      },
    });
    anew.getState().start(() => undefined);
    await vi.advanceTimersByTimeAsync(1000);
    let followed = 0;
    anew.subscribe(({ summary }, before) => {
      if (summary !== before.summary) followed += 1;
    });
    for (let at = 0; at < 40; at++) {
      tell({ type: 'queued', files: 1 });
      await vi.advanceTimersByTimeAsync(100);
    }
    vi.useRealTimers();
    expect(followed).toBeGreaterThan(2);
  });
});

describe('documents that are removed', () => {
  it('are there again when that is undone, in the list, the counts and their collections', async () => {
    await open();
    const before = { documents: 12, collections: library().collections };
    const ids = [...(library().rows.values() ?? [])].map(({ id }) => id);
    await act(() => library().remove(ids.slice(0, 8)));
    await waitFor(() => expect(lines()).toHaveLength(4));
    expect(library().collections).not.toEqual(before.collections);
    await act(async () => undoLast());
    await waitFor(() => expect(lines()).toHaveLength(12));
    expect(library().summary?.documents).toBe(12);
    expect(library().collections).toEqual(before.collections);
  });

  it('come back one removal after the other, the latest first', async () => {
    await open();
    const [first, second] = [line(0), line(1)].map(idOf);
    await act(() => library().remove([first ?? 0]));
    await act(() => library().remove([second ?? 0]));
    await waitFor(() => expect(lines()).toHaveLength(10));
    expect(screen.getAllByRole('button', { name: 'Undo' })).toHaveLength(2);
    await act(async () => undoLast());
    await waitFor(() => expect(lines().map(idOf)).toContain(second));
    expect(lines().map(idOf)).not.toContain(first);
    await act(async () => undoLast());
    await waitFor(() => expect(lines().map(idOf)).toContain(first));
  });
});

describe('what is selected', () => {
  it('is nothing in another list, though all of the last one are still being asked for', async () => {
    const waiting: (() => void)[] = [];
    await open({ documents: 3000 }, (mock) => ({
      documents: async (query) => {
        if (query.limit > 1000) await new Promise<void>((resolve) => waiting.push(resolve));
        return mock.documents(query);
      },
    }));
    const all = library().selectBetween(0, 2999);
    act(() => library().setQuery({ search: 'Lease' }));
    for (const go of waiting) go();
    await act(() => all);
    expect(waiting).toHaveLength(1);
    expect(library().selected.size).toBe(0);
  });

  it('is without a document that has left the library by itself', async () => {
    await open();
    act(() => library().select([1, 2, 3]));
    await act(() => backend().removeDocuments([2]));
    await waitFor(() => expect([...library().selected]).toEqual([1, 3]));
  });
});

describe('the menu of a line', () => {
  it('acts on all that are selected, and leaves the selection as it is', async () => {
    await open();
    const chosen = [line(1), line(2), line(3)].map(idOf);
    fireEvent.click(line(1));
    fireEvent.click(line(3), { shiftKey: true });
    expect([...library().selected]).toEqual(chosen);
    fireEvent.click(menuOf(line(2)));
    expect([...library().selected]).toEqual(chosen);
    fireEvent.click(screen.getByRole('menuitem', { name: 'Ask only these 3 documents' }));
    expect(asked).toHaveBeenCalledWith(chosen);
    expect([...library().selected]).toEqual(chosen);
    fireEvent.click(menuOf(line(2)));
    fireEvent.click(screen.getByRole('menuitem', { name: 'Remove 3 from the library' }));
    await waitFor(() => expect(lines()).toHaveLength(9));
  });

  it('acts on its own document when others come above it while it is open', async () => {
    await open();
    await oldestFirst();
    const id = idOf(line(3));
    fireEvent.click(menuOf(line(3)));
    await act(() => backend().addPaths(['/x/new.pdf', '/x/other.pdf']));
    await waitFor(() => expect(lines().findIndex((each) => idOf(each) === id)).toBe(5));
    fireEvent.click(screen.getByRole('menuitem', { name: 'Ask only this document' }));
    expect(asked).toHaveBeenCalledWith([id]);
  });

  it('acts on its own line where that is not selected', async () => {
    await open();
    fireEvent.click(line(1));
    const chosen = [...library().selected];
    fireEvent.click(menuOf(line(4)));
    fireEvent.click(screen.getByRole('menuitem', { name: 'Ask only this document' }));
    expect(asked).toHaveBeenCalledWith([idOf(line(4))]);
    expect([...library().selected]).toEqual(chosen);
  });

  it('opens no document when it is pressed twice', async () => {
    await open();
    fireEvent.doubleClick(menuOf(line(1)));
    expect(opened).not.toHaveBeenCalled();
    fireEvent.doubleClick(line(1));
    expect(opened).toHaveBeenCalledOnce();
  });

  it('offers to read again what one of those selected needs', async () => {
    await open();
    // The fourth document's file has changed.
    act(() => library().select([3, 4]));
    const third = document.querySelector<HTMLElement>('#document-3') ?? document.body;
    fireEvent.click(menuOf(third));
    expect(screen.getByRole('menuitem', { name: 'Retry' })).toBeTruthy();
  });
});

describe('rows of a long list', () => {
  it('stay in sight when the list is read again, in whatever order they were come upon', async () => {
    await open({ documents: 3000 });
    // Down, and back to the second window by way of others.
    for (const row of [250, 900, 1300, 1700, 250]) {
      act(() => library().need(row, row + 20));
      await waitFor(() => expect(library().rows.has(row)).toBe(true));
    }
    await act(() => library().reload());
    await waitFor(() => expect(library().rows.has(1700)).toBe(false));
    expect(library().rows.has(250)).toBe(true);
  });

  it('that come into sight while the list is read again stay too', async () => {
    const waiting: (() => void)[] = [];
    let held = false;
    await open({ documents: 3000 }, (mock) => ({
      summary: async () => {
        if (held) await new Promise<void>((resolve) => waiting.push(resolve));
        return mock.summary();
      },
    }));
    held = true;
    act(() => void library().reload());
    act(() => library().need(900, 920));
    await waitFor(() => expect(library().rows.has(900)).toBe(true));
    await act(async () => {
      for (const go of waiting) go();
    });
    await waitFor(() => expect(library().summary).not.toBeNull());
    await act(() => new Promise((resolve) => setTimeout(resolve, 20)));
    expect(library().rows.has(0)).toBe(true);
    expect(library().rows.has(900)).toBe(true);
  });
});

describe('a list that cannot be read again', () => {
  const notice = (): HTMLElement | null => screen.queryByRole('alert');
  const tryAgain = (): void => void fireEvent.click(screen.getByRole('button', { name: 'Try again' }));

  it('keeps its rows and says so, until it was read', async () => {
    const failing: string[] = [];
    await open({ failing });
    failing.push('documents');
    await act(() => backend().addPaths(['/x/new.pdf']));
    await waitFor(() => expect(notice()?.textContent).toContain('What is shown may be older.'));
    expect(lines()).toHaveLength(12);
    tryAgain();
    await act(() => new Promise((resolve) => setTimeout(resolve, 20)));
    expect(notice()).not.toBeNull();
    failing.pop();
    tryAgain();
    await waitFor(() => expect(notice()).toBeNull());
    expect(lines()).toHaveLength(13);
  });

  it('says so still when other rows come into sight', async () => {
    const failing: string[] = [];
    await open({ documents: 3000, failing });
    failing.push('summary');
    await act(() => library().reload());
    expect(notice()).not.toBeNull();
    act(() => library().need(900, 920));
    await waitFor(() => expect(library().rows.has(900)).toBe(true));
    expect(notice()).not.toBeNull();
    failing.pop();
    tryAgain();
    await waitFor(() => expect(notice()).toBeNull());
  });
});

describe('another order', () => {
  it('keeps what is counted while it is read', async () => {
    useLibrary.setState(START, true);
    setBackend(createMock({ ...MOCK_DEFAULTS, speed: 0, documents: 12 }));
    stop = library().start(() => undefined);
    // At once, such as by who searches while the library is still being opened.
    library().setQuery({ search: 'Lease' });
    await waitFor(() => expect(library().total).toBeGreaterThan(0));
    await waitFor(() => expect(library().summary?.documents).toBe(12));
    expect(library().collections).toHaveLength(2);
    expect(library().rows.size).toBe(library().total);
  });

  it('leaves the focus on the column’s head, and the rows until the new ones are there', async () => {
    await open({ speed: 1 });
    const head = screen.getByRole('button', { name: 'Pages' });
    const before = lines().map(idOf);
    act(() => head.focus());
    fireEvent.click(head);
    expect(document.activeElement).toBe(head);
    expect(lines().map(idOf)).toEqual(before);
    expect(screen.getByRole('grid').getAttribute('aria-busy')).toBe('true');
    await waitFor(() => expect(lines().map(idOf)).not.toEqual(before));
    expect(document.activeElement).toBe(head);
    expect(screen.getByRole('grid').getAttribute('aria-busy')).toBe('false');
  });

  it('shows nothing but a search’s last list while the next is read', async () => {
    await open({ speed: 1 });
    const words: string[] = [];
    const observer = new MutationObserver(() => words.push(document.body.textContent));
    observer.observe(document.body, { subtree: true, childList: true, characterData: true });
    for (const search of ['L', 'Le', 'Lease-2']) {
      fireEvent.change(screen.getByRole('searchbox'), { target: { value: search } });
      await act(() => new Promise((resolve) => setTimeout(resolve, 60)));
    }
    await waitFor(() => expect(lines()).toHaveLength(1));
    observer.disconnect();
    expect(words.filter((each) => each.includes('Reading the list'))).toEqual([]);
  });

  it('says that the list is being read where that takes long', async () => {
    await open({}, (mock) => ({
      documents: async (query: DocumentQuery) => {
        if (query.search !== '') await new Promise((resolve) => setTimeout(resolve, 600));
        return mock.documents(query);
      },
    }));
    fireEvent.change(screen.getByRole('searchbox'), { target: { value: 'Lease' } });
    expect(await screen.findByText('Reading the list of documents…')).toBeTruthy();
    await waitFor(() => expect(screen.queryByText('Reading the list of documents…')).toBeNull());
  });

  it('does not show the rows of the one before where it cannot be read', async () => {
    const failing: string[] = [];
    await open({ failing });
    failing.push('documents');
    fireEvent.change(screen.getByRole('searchbox'), { target: { value: 'Lease' } });
    expect(await screen.findByRole('alert')).toBeTruthy();
    expect(lines()).toEqual([]);
    failing.pop();
    fireEvent.click(screen.getByRole('button', { name: 'Retry' }));
    await waitFor(() => expect(lines().length).toBeGreaterThan(0));
  });
});

describe('a queue that is dropped', () => {
  it('leaves nothing that is said to be worked on', async () => {
    await open();
    await act(() => backend().addPaths(['/x/new.pdf']));
    await waitFor(() => expect(library().working.size).toBe(1));
    await act(() => library().cancel());
    expect(library().working.size).toBe(0);
  });

  it('is over: what was new is gone, what was read again is as it was', async () => {
    const events: IngestEvent[] = [];
    await open();
    const stopHearing = backend().onIngest((event) => {
      events.push(event);
      // At once: a moment later, on a busy machine, it would have been read.
      if (event.type === 'progress' && event.id === 4) void library().cancel();
    });
    const added = Array.from({ length: 40 }, (_, at) => `/x/new-${at}.pdf`);
    await act(() => backend().addPaths(added));
    await act(() => library().retry([4]));
    await waitFor(() => expect(events.some(({ type }) => type === 'removed')).toBe(true));
    await waitFor(() => expect(screen.queryByRole('region', { name: 'Reading documents' })).toBeNull());
    expect(library().working.size).toBe(0);
    const removed = events.filter(({ type }) => type === 'removed').length;
    // A file that was read before the rest was cancelled stays.
    const left = 12 + added.length - removed;
    expect(removed).toBeGreaterThan(0);
    await waitFor(() => expect(library().summary).toMatchObject({ documents: left }));
    await waitFor(() => expect(document.querySelector('#document-4 .state')?.textContent).toBe('Changed'));
    stopHearing();
  });
});
