import { act, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Backend, type IngestEvent, setBackend } from '@/ipc';
import { createMock, MOCK_DEFAULTS } from '@/ipc/mock';
import { SourcePanel } from './SourcePanel';
import { type Target, useSource } from './store';

const START = useSource.getInitialState();
const source = useSource.getState;
const SENTENCE = 'The tenant may terminate this lease';

let listeners: Set<(event: IngestEvent) => void>;
/** Addresses of pictures that were made and not given back. */
let held: Set<string>;

function engine(changed: Partial<Backend> = {}): Backend {
  const mock = createMock({ ...MOCK_DEFAULTS, speed: 0, turns: 0, documents: 12 });
  listeners = new Set();
  const made: Backend = {
    ...mock,
    renderPage: async () => new Blob(),
    onIngest: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    ...changed,
  };
  setBackend(made);
  return made;
}

/** Places in the text lie where they would: the mark of what was found far below that of the passage. */
function layOut(): void {
  vi.spyOn(Element.prototype, 'getBoundingClientRect').mockImplementation(function (this: Element) {
    const top = this.matches('mark.current') ? 900 : this.matches('mark.cited') ? 300 : 0;
    return new DOMRect(0, top, 10, 10);
  });
}

beforeEach(() => {
  useSource.setState(START, true);
  held = new Set();
  let made = 0;
  URL.createObjectURL = () => {
    const url = `blob:${++made}`;
    held.add(url);
    return url;
  };
  URL.revokeObjectURL = (url) => void held.delete(url);
  engine();
});

afterEach(() => vi.restoreAllMocks());

const scroller = (): HTMLElement => document.querySelector<HTMLElement>('.source-scroll') ?? document.body;

async function openLease(target: Partial<Target> = {}): Promise<void> {
  render(<SourcePanel onClose={() => undefined} />);
  await act(() => source().open({ document: 1, page: 7, span: null, n: null, quote: null, ...target }));
}

/** The lease as one whose file has changed: its text is shown. */
function asText(): void {
  const mock = engine();
  engine({ document: async (id) => ({ ...(await mock.document(id)), changed: true }) });
}

describe('a search in an open document', () => {
  for (const drawn of [true, false])
    it(`goes to what it finds on the cited page, and stays there when it is closed (${drawn ? 'drawn' : 'text'})`, async () => {
      if (!drawn) asText();
      layOut();
      await openLease({ span: { start: 0, end: 0 }, quote: SENTENCE });
      const mark = drawn ? '.band.cited' : 'mark.cited';
      await waitFor(() => expect(document.querySelector(mark)).toBeTruthy());
      const passage = scroller().scrollTop;
      expect(passage).toBeGreaterThan(0);
      act(() => source().setSearching(true));
      await act(() => source().find('keys'));
      const found = scroller().scrollTop;
      expect(found).not.toBe(passage);
      act(() => source().setSearching(false));
      expect(scroller().scrollTop).toBe(found);
    });
});

describe('a document that is read again while it is open', () => {
  it('shows its new text, and stays where it was read', async () => {
    const known = engine();
    let words = 'first edition';
    engine({
      document: async (id) => ({ ...(await known.document(id)), changed: true }),
      page: async (document, number) => ({ ...(await known.page(document, number)), text: words }),
    });
    await openLease();
    await screen.findByText('first edition');
    scroller().scrollTop = 140;
    words = 'second edition';
    const row = await known.document(1);
    act(() => {
      for (const listener of listeners) listener({ type: 'settled', row, outcome: 'ready', indexed_chunks: 3, ms: 1 });
    });
    await screen.findByText('second edition');
    expect(source().page).toBe(7);
    expect(scroller().scrollTop).toBe(140);
  });

  it('is said to have left the library when it has', async () => {
    await openLease();
    act(() => {
      for (const listener of listeners) listener({ type: 'removed', id: 1 });
    });
    expect((await screen.findByRole('alert')).textContent).toContain('This document has left the library.');
    fireEvent.click(screen.getByRole('button', { name: 'Look again' }));
    await waitFor(() => expect(screen.queryByRole('alert')).toBeNull());
  });
});

describe('the pages of a document', () => {
  it('are drawn at another try where the first one failed', async () => {
    let tries = 0;
    engine({
      renderPage: async () => {
        tries += 1;
        if (tries === 1) throw { code: 'worker_died', message: 'The reader stopped.', detail: null };
        return new Blob();
      },
    });
    await openLease();
    expect(await screen.findByText('The reader stopped.')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Retry' }));
    expect(await screen.findByAltText('Page 7')).toBeTruthy();
    expect(screen.queryByText('The reader stopped.')).toBeNull();
  });

  it('end before a passage that was cited when there were more: the last is shown, and that the passage is gone', async () => {
    await openLease({ page: 40, span: { start: 0, end: 12 }, quote: 'Words that are no longer there.' });
    expect(source().page).toBe(31);
    expect(await screen.findByText(/the passage is no longer on this page/)).toBeTruthy();
    await act(() => source().open({ document: 1, page: 99, span: null, n: null, quote: null }));
    expect(source().page).toBe(31);
  });

  it('are left by their number without losing the field', async () => {
    await openLease();
    const field = await screen.findByRole<HTMLInputElement>('textbox', { name: /Page/ });
    field.focus();
    fireEvent.change(field, { target: { value: '12' } });
    fireEvent.keyDown(field, { key: 'Enter' });
    await waitFor(() => expect(source().page).toBe(12));
    expect(document.activeElement).toBe(field);
    fireEvent.change(field, { target: { value: '999' } });
    fireEvent.keyDown(field, { key: 'Enter' });
    expect(field.value).toBe('31');
    act(() => source().goTo(4));
    expect(field.value).toBe('4');
    expect(document.activeElement).toBe(field);
  });

  it('are read on by keys: forwards from the top, backwards from the foot', async () => {
    await openLease();
    const heights = { scrollHeight: 1000, clientHeight: 1000 };
    for (const [name, value] of Object.entries(heights))
      Object.defineProperty(scroller(), name, { configurable: true, value });
    fireEvent.keyDown(scroller(), { key: 'PageDown' });
    expect(source()).toMatchObject({ page: 8, aim: { at: 'start' } });
    fireEvent.keyDown(scroller(), { key: 'PageUp' });
    await waitFor(() => expect(scroller().scrollTop).toBe(1000));
    expect(source().page).toBe(7);
  });

  it('are read on by the wheel', async () => {
    await openLease();
    fireEvent.wheel(scroller(), { deltaY: 120 });
    expect(source().page).toBe(8);
  });

  it('are enlarged by the wheel, a step a notch, and not by each of many small turns', async () => {
    await openLease();
    fireEvent.wheel(scroller(), { deltaY: -120, ctrlKey: true });
    expect(source().zoom).toBe(1.25);
    for (let at = 0; at < 9; at++) fireEvent.wheel(scroller(), { deltaY: -4, ctrlKey: true });
    expect(source().zoom).toBe(1.5);
    for (let at = 0; at < 7; at++) fireEvent.wheel(scroller(), { deltaY: 4, ctrlKey: true });
    expect(source().zoom).toBe(1.5);
    fireEvent.wheel(scroller(), { deltaY: 4, ctrlKey: true });
    expect(source().zoom).toBe(1.25);
  });

  it('give their pictures back when others are shown, and all at the end', async () => {
    const { unmount } = render(<SourcePanel onClose={() => undefined} />);
    await act(() => source().open({ document: 1, page: 7, span: null, n: null, quote: null }));
    await waitFor(() => expect(held.size).toBe(1));
    act(() => source().goTo(8));
    await waitFor(() => expect([...held]).toEqual(['blob:2']));
    unmount();
    expect(held.size).toBe(0);
  });
});

describe('the pages of a scan that lies on its side', () => {
  const sheet = (): HTMLElement => document.querySelector<HTMLElement>('.sheet') ?? document.body;
  const place = (): HTMLElement => sheet().parentElement ?? document.body;
  const rotate = (): HTMLElement => screen.getByRole('button', { name: 'Rotate the page' });
  const rotation = (): string => /rotate\((\d+deg)\)/.exec(sheet().style.transform)?.[1] ?? '0deg';

  it('are rotated by a button with all that lies on them, and fit the width', async () => {
    await openLease({ span: { start: 0, end: 0 }, quote: SENTENCE });
    await waitFor(() => expect(sheet().querySelector('.band.cited')).toBeTruthy());
    const { width, height } = place().style;
    const upright = scroller().scrollTop;
    fireEvent.click(rotate());
    expect(rotation()).toBe('90deg');
    expect(Number.parseFloat(place().style.width)).toBeCloseTo(Number.parseFloat(width));
    expect(Number.parseFloat(place().style.height)).toBeLessThan(Number.parseFloat(height));
    // The mark lies on the sheet, and the view went to where it is now.
    expect(sheet().querySelector('.band.cited')).toBeTruthy();
    expect(scroller().scrollTop).not.toBe(upright);
    expect(scroller().scrollTop).toBeGreaterThan(0);
  });

  it('are rotated by a key, and back', async () => {
    await openLease();
    await screen.findByRole('button', { name: 'Rotate the page' });
    fireEvent.keyDown(scroller(), { key: 'r' });
    fireEvent.keyDown(scroller(), { key: 'r' });
    expect(rotation()).toBe('180deg');
    fireEvent.keyDown(scroller(), { key: 'R', shiftKey: true });
    expect(rotation()).toBe('90deg');
    // With Ctrl it is the window's.
    expect(fireEvent.keyDown(scroller(), { key: 'r', ctrlKey: true })).toBe(true);
    expect(rotation()).toBe('90deg');
  });

  it('stay so while the document is open, and not in the next', async () => {
    await openLease();
    fireEvent.click(rotate());
    act(() => source().goTo(8));
    await waitFor(() => expect(screen.getByAltText('Page 8')).toBeTruthy());
    expect(rotation()).toBe('90deg');
    await act(() => source().open({ document: 1, page: 9, span: null, n: null, quote: null }));
    expect(rotation()).toBe('90deg');
    await act(() => source().open({ document: 2, page: 1, span: null, n: null, quote: null }));
    expect(source().quarters).toBe(0);
  });

  it('are shown as text where they cannot be drawn, and not rotated', async () => {
    asText();
    await openLease();
    expect(screen.queryByRole('button', { name: 'Rotate the page' })).toBeNull();
    fireEvent.keyDown(scroller(), { key: 'r' });
    expect(source().quarters).toBe(0);
  });
});
