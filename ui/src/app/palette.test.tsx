import { act, cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { useSettings } from '@/features/settings/store';
import { type Backend, setBackend } from '@/ipc';
import { createMock, MOCK_DEFAULTS, type MockOptions } from '@/ipc/mock';
import { App } from './App';
import { useLayout } from './layout';

type DocumentList = Awaited<ReturnType<Backend['documents']>>;

const START = { settings: useSettings.getInitialState(), layout: useLayout.getInitialState() };

async function open(
  options: Partial<MockOptions> = {},
  changed: (mock: Backend) => Partial<Backend> = () => ({}),
): Promise<void> {
  cleanup();
  useSettings.setState(START.settings, true);
  useLayout.setState(START.layout, true);
  const mock = createMock({ ...MOCK_DEFAULTS, speed: 0, turns: 0, documents: 12, ...options });
  setBackend({ ...mock, ...changed(mock) });
  render(<App />);
  await waitFor(() => expect(useSettings.getState().settings).not.toBeNull());
}

const key = (name: string, init: object = {}): boolean => fireEvent.keyDown(window, { key: name, ...init });
const current = (): string | null | undefined => document.querySelector('.palette-entry.current bdi')?.textContent;

describe('the palette', () => {
  it('keeps the line that was gone to when documents are found a moment later', async () => {
    let tell: (list: DocumentList) => void = () => undefined;
    await open({}, (mock) => ({
      documents: (query) =>
        query.search === ''
          ? mock.documents(query)
          : new Promise((resolve) => {
              tell = resolve;
            }),
    }));
    key('k', { ctrlKey: true });
    const field = await screen.findByRole('combobox');
    fireEvent.change(field, { target: { value: 'le' } });
    fireEvent.keyDown(field, { key: 'End' });
    // Into those that only hold the words: documents come before them.
    const entries = document.querySelectorAll('.palette-entry').length;
    for (let at = 1; at < entries; at++) fireEvent.keyDown(field, { key: 'ArrowDown' });
    const before = current();
    const rows = await createMock({ ...MOCK_DEFAULTS, speed: 0, documents: 12 }).documents({
      search: 'Lease',
      state: 'any',
      collection: null,
      sort: 'title',
      descending: false,
      offset: 0,
      limit: 9,
    });
    await act(() => new Promise((resolve) => setTimeout(resolve, 200)));
    await act(async () => tell(rows));
    await waitFor(() => expect(document.querySelectorAll('.palette-entry').length).toBeGreaterThan(entries));
    expect(current()).toBe(before);
    const named = field.getAttribute('aria-activedescendant') ?? '';
    expect(named).not.toContain(' ');
    expect(document.getElementById(named)?.textContent).toContain(before);
  });

  it('makes room for what another key does', async () => {
    await open();
    key('k', { ctrlKey: true });
    await screen.findByRole('combobox');
    key('n', { ctrlKey: true });
    await waitFor(() => expect(screen.queryByRole('combobox')).toBeNull());
    await waitFor(() => expect(document.activeElement?.id).toBe('question'));
  });
});

describe('keys of the window', () => {
  it('move through the side bar, from the library to the conversations', async () => {
    await open({ turns: 2 });
    await screen.findByRole('button', { name: /^Contracts/ });
    await waitFor(() => expect(document.querySelectorAll('.conversation-nav .nav-button').length).toBeGreaterThan(0));
    const lines = [...document.querySelectorAll<HTMLElement>('.sidebar .nav-line .nav-button')];
    const step = (name: string): number => {
      fireEvent.keyDown(document.activeElement ?? document.body, { key: name });
      return lines.indexOf(document.activeElement as HTMLElement);
    };
    act(() => lines[0]?.focus());
    expect(['ArrowUp', 'ArrowDown', 'ArrowDown', 'ArrowUp', 'End', 'ArrowDown', 'Home'].map(step)).toEqual([
      0,
      1,
      2,
      1,
      lines.length - 1,
      lines.length - 1,
      0,
    ]);
  });

  it('open nothing behind the welcome', async () => {
    await open({ welcomed: false, documents: 0 });
    await screen.findByRole('button', { name: 'Start' });
    key('k', { ctrlKey: true });
    key('?');
    key(',', { ctrlKey: true });
    expect(useLayout.getState()).toMatchObject({ palette: false, view: 'chat' });
    key('+', { ctrlKey: true });
    await waitFor(() => expect(useSettings.getState().settings?.text_size).toBe(115));
  });
});

describe('a column', () => {
  it('is as wide as it was made, on a wide screen too', async () => {
    const { stored } = await import('./layout');
    useLayout.getState().set({ sourceWidth: 1600 });
    expect(stored().sourceWidth).toBe(1600);
    useLayout.getState().set({ sourceWidth: START.layout.sourceWidth });
  });
});
