import { act, cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Backend, type IngestEvent, type Stop, setBackend } from '@/ipc';
import { createMock, MOCK_DEFAULTS, type MockOptions } from '@/ipc/mock';
import { ToastList, undoLast } from '@/shared/ui/toasts';
import { LibraryPage } from './LibraryPage';
import { useLibrary } from './store';

/** Lines that were drawn, by what their menu is called. */
const drawn: (string | undefined)[] = [];

vi.mock('@/shared/ui/Popover', async (load) => {
  const shared = await load<typeof import('@/shared/ui/Popover')>();
  return {
    ...shared,
    Popover: (properties: Parameters<typeof shared.Popover>[0]) => {
      drawn.push(properties.label);
      return shared.Popover(properties);
    },
  };
});

const START = useLibrary.getInitialState();
const library = useLibrary.getState;
const nothing = (): void => undefined;
let stop: Stop = nothing;
let tell: (event: IngestEvent) => void = nothing;

async function open(
  options: Partial<MockOptions> = {},
  changed: (mock: Backend) => Partial<Backend> = () => ({}),
): Promise<void> {
  useLibrary.setState(START, true);
  const mock = createMock({ ...MOCK_DEFAULTS, speed: 0, turns: 0, documents: 12, ...options });
  setBackend({
    ...mock,
    onIngest: (listener) => {
      tell = listener;
      return mock.onIngest(listener);
    },
    ...changed(mock),
  });
  render(
    <>
      <LibraryPage onOpen={nothing} onAsk={nothing} onChooseEmbedder={nothing} onRecognise={nothing} />
      <ToastList />
    </>,
  );
  act(() => {
    stop = library().start(nothing);
  });
  await waitFor(() => expect(lines().length).toBeGreaterThan(0));
}

const lines = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('.document-line:not(.waiting)')];
const grid = (): HTMLElement => screen.getByRole('grid');

beforeEach(() => {
  // Lists draw what is in sight: jsdom lays nothing out, so every box gets a size.
  for (const [name, value] of Object.entries({ offsetHeight: 600, clientHeight: 600, offsetWidth: 800 }))
    Object.defineProperty(HTMLElement.prototype, name, { configurable: true, value });
});

afterEach(() => {
  for (const each of document.querySelectorAll('.toast .icon-button')) fireEvent.click(each);
  act(() => stop());
  cleanup();
});

it('draws again only the lines that changed, with every word of the queue', async () => {
  await open();
  const overall = { type: 'overall', total: 3, chunks_per_second: null, remaining_s: null, paused: null } as const;
  act(() => tell({ ...overall, done: 0 }));
  drawn.length = 0;
  act(() => tell({ ...overall, done: 1 }));
  expect(drawn).toEqual([]);
  const row = library().rows.get(2);
  act(() => tell({ type: 'progress', id: row?.id ?? 0, path: '', stage: 'reading', done: 1, total: 9 }));
  expect(new Set(drawn)).toEqual(new Set([`Actions for ${row?.title}`]));
});

it('selects a line that is gone to before it is loaded, and no longer the one before', async () => {
  const waiting: (() => void)[] = [];
  await open({ documents: 3000 }, (mock) => ({
    documents: async (query) => {
      if (query.offset > 0) await new Promise<void>((resolve) => waiting.push(resolve));
      return mock.documents(query);
    },
  }));
  fireEvent.click(lines()[0] ?? document.body);
  expect(library().selected.size).toBe(1);
  const first = [...library().selected];
  fireEvent.keyDown(grid(), { key: 'End' });
  expect(library().selected.size).toBe(0);
  await act(async () => {
    for (const go of waiting.splice(0)) go();
  });
  await waitFor(() => expect(library().selected.size).toBe(1));
  expect([...library().selected]).not.toEqual(first);
});

it('keeps the chosen line in sight when what is said below takes room', async () => {
  await open();
  const seen: string[] = [];
  const { scrollIntoView } = Element.prototype;
  Element.prototype.scrollIntoView = function (this: Element) {
    seen.push(this.id);
  };
  act(() => grid().focus());
  fireEvent.keyDown(grid(), { key: 'ArrowDown' });
  expect(seen).toEqual([]);
  Object.defineProperty(HTMLElement.prototype, 'clientHeight', { configurable: true, value: 440 });
  fireEvent.keyDown(grid(), { key: 'ArrowDown' });
  expect(seen).toEqual([lines()[2]?.id]);
  Element.prototype.scrollIntoView = scrollIntoView;
});

it('does not say the name twice of a document that could not be read, nor asks it', async () => {
  await open({}, (mock) => ({
    documents: async (query) => {
      const list = await mock.documents(query);
      const [first, ...rest] = list.rows;
      if (!first) return list;
      const name = first.path.split('/').at(-1);
      const error = { code: 'no_text', message: `\`${name}\` has pages but no text.\nRead them.`, detail: null };
      return { ...list, rows: [{ ...first, state: 'no_text', pages: 0, error }, ...rest] };
    },
  }));
  expect(lines()[0]?.textContent).toContain('Has pages but no text. Read them.');
  const ask = (): HTMLButtonElement => screen.getByRole('button', { name: 'Ask these' });
  fireEvent.click(lines()[0] ?? document.body);
  expect(ask().disabled).toBe(true);
  fireEvent.click(lines()[1] ?? document.body, { ctrlKey: true });
  expect(ask().disabled).toBe(false);
});

it('says of an empty list why it is empty', async () => {
  await open();
  await act(() => library().createCollection('New', []));
  const made = library().collections.at(-1)?.id ?? 0;
  for (const [query, words] of [
    [{ collection: made }, 'This collection is empty'],
    [{ collection: null, state: 'problem' }, 'Nothing needs attention'],
    [{ search: 'no document is called so' }, 'No document fits'],
  ] as const) {
    act(() => library().setQuery(query));
    expect(await screen.findByRole('heading', { name: words })).toBeTruthy();
  }
});

it('has its collections in the order in which a person counts', async () => {
  await open();
  for (const name of ['Year 10', 'Year 9', 'äußere Mängel']) await act(() => library().createCollection(name, []));
  expect(library().collections.map(({ name }) => name)).toEqual([
    'äußere Mängel',
    'Contracts',
    'Manuals',
    'Year 9',
    'Year 10',
  ]);
});

it('says of how many more pages nothing could be read than are named', async () => {
  const failed_pages = Array.from({ length: 31 }, (_, at) => ({ page: at + 1, reason: 'The page is damaged.' }));
  await open({}, (mock) => ({
    documents: async (query) => {
      const list = await mock.documents(query);
      return { ...list, rows: list.rows.map((row, at) => (at === 0 ? { ...row, failed_pages } : row)) };
    },
  }));
  fireEvent.click(lines()[0] ?? document.body);
  expect(await screen.findByText('11 more pages could not be read.')).toBeTruthy();
});

it('lets go what is removed from a collection, and puts it back when that is undone', async () => {
  await open({ documents: 1204 });
  const { id = 0, name, documents } = library().collections[0] ?? {};
  act(() => library().setQuery({ collection: id }));
  await waitFor(() => expect(library().total).toBe(documents));
  const row = library().rows.get(0);
  act(() => library().select([row?.id ?? 0]));
  await act(() => library().removeFromCollection(id, [row?.id ?? 0]));
  expect(library().selected.size).toBe(0);
  expect(library().total).toBe((documents ?? 0) - 1);
  expect(screen.getByText(`Document removed from “${name}”. It stays in the library.`)).toBeTruthy();
  await act(async () => undoLast());
  await waitFor(() => expect(library().total).toBe(documents));
  await act(() => library().addToCollection(id, [1, 2]));
  expect(screen.getByText(`2 documents added to “${name}”.`)).toBeTruthy();
  await act(() => library().createCollection('Leases', [1, 2, 3]));
  expect(screen.getByText('3 documents added to “Leases”.')).toBeTruthy();
});
