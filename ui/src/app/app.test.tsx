import { act, cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { useChat } from '@/features/chat/store';
import { useLibrary } from '@/features/library/store';
import { useModels } from '@/features/models/store';
import { useSettings } from '@/features/settings/store';
import { useSource } from '@/features/source/store';
import { backend, type DropEvent, type IngestEvent, type Inventory, setBackend } from '@/ipc';
import { createMock, MOCK_DEFAULTS, type MockOptions } from '@/ipc/mock';
import { undoLast } from '@/shared/ui/toasts';
import { App } from './App';
import { readDocument } from './actions';
import { useLayout } from './layout';

const START = {
  chat: useChat.getInitialState(),
  library: useLibrary.getInitialState(),
  settings: useSettings.getInitialState(),
  source: useSource.getInitialState(),
  models: useModels.getInitialState(),
  layout: useLayout.getInitialState(),
};

interface Mischief {
  mockIngest: (event: IngestEvent) => void;
  mockDrop: (event: DropEvent) => void;
}

async function open(options: Partial<MockOptions> = {}): Promise<void> {
  cleanup();
  useChat.setState(START.chat, true);
  useLibrary.setState(START.library, true);
  useSettings.setState(START.settings, true);
  useSource.setState(START.source, true);
  useModels.setState(START.models, true);
  useLayout.setState(START.layout, true);
  setBackend(createMock({ ...MOCK_DEFAULTS, speed: 0, turns: 0, documents: 12, ...options }));
  render(<App />);
  await waitFor(() => expect(useSettings.getState().settings).not.toBeNull());
}

beforeEach(() => {
  // Lists draw what is in sight: jsdom lays nothing out, so every box gets a size.
  for (const [name, value] of Object.entries({
    offsetHeight: 600,
    clientHeight: 600,
    offsetWidth: 800,
    clientWidth: 800,
  })) {
    Object.defineProperty(HTMLElement.prototype, name, { configurable: true, value });
  }
});

afterEach(() => {
  // What was told in one test is no matter of the next.
  for (const button of document.querySelectorAll('.toast > .icon-button')) fireEvent.click(button);
});

describe('the focus', () => {
  it('comes back to what opened the source, or to its button, when that is closed', async () => {
    await open();
    await act(() => useChat.getState().ask('When may the tenant leave?'));
    const chip = await screen.findByRole('button', { name: /Citation 1: Lease-2024.pdf, page 7/ });
    const close = async (): Promise<void> => {
      const button = await screen.findByRole('button', { name: 'Close the source' });
      act(() => button.focus());
      fireEvent.click(button);
    };
    act(() => chip.focus());
    fireEvent.click(chip);
    await close();
    expect(document.activeElement).toBe(chip);
    fireEvent.click(chip);
    act(() => useChat.getState().startNew());
    await close();
    expect(document.activeElement).toBe(screen.getByRole('button', { name: 'Show or hide the source' }));
  });

  it('goes to the field when a conversation is begun by its button, and back to what opened the reasons', async () => {
    await open();
    await act(() => useChat.getState().ask('When may the tenant leave?'));
    const why = await screen.findByRole('button', { name: 'Why this answer' });
    act(() => why.focus());
    fireEvent.click(why);
    fireEvent.click(await screen.findByRole('button', { name: 'Close' }));
    expect(document.activeElement).toBe(why);
    fireEvent.click(why);
    await screen.findByRole('complementary', { name: 'Why this answer' });
    const elsewhere = screen.getByRole('button', { name: 'Settings' });
    act(() => elsewhere.focus());
    act(() => useChat.getState().explain(null));
    expect(document.activeElement).toBe(elsewhere);
    fireEvent.click(screen.getByRole('button', { name: 'New conversation' }));
    await waitFor(() => expect(document.activeElement?.id).toBe('question'));
  });

  it('comes back to the strip when the panel above it is closed', async () => {
    await open();
    const strip = document.querySelector<HTMLElement>('.status-strip') ?? document.body;
    act(() => strip.focus());
    fireEvent.click(strip);
    const button = within(screen.getByRole('region', { name: 'Performance' })).getByRole('button', { name: 'Close' });
    act(() => button.focus());
    fireEvent.click(button);
    expect(document.activeElement).toBe(strip);
  });
});

describe('before it is known what the profiles take', () => {
  /** Opens the window with what is looked at on its way. */
  async function openSlowly(): Promise<(inventory: Inventory) => void> {
    await open();
    let tell: (inventory: Inventory) => void = () => undefined;
    setBackend({
      ...backend(),
      inventory: () =>
        new Promise((resolve) => {
          tell = resolve;
        }),
    });
    useModels.setState(START.models, true);
    void act(() => void useModels.getState().load());
    return (inventory) => tell(inventory);
  }

  it('no model is said to be missing', async () => {
    await openSlowly();
    act(() => useLayout.getState().show('benchmark'));
    expect(screen.queryByText('No model to measure')).toBeNull();
    expect(screen.getByText('Predicting memory…')).toBeTruthy();
  });

  it('why that cannot be found out is said where they are measured', async () => {
    const known = await openSlowly();
    const { inventory } = createMock({ ...MOCK_DEFAULTS, speed: 0 });
    act(() => useLayout.getState().show('benchmark'));
    const planError = { code: 'gone', message: 'The file is gone.', detail: null };
    const found = await inventory();
    await act(async () => known({ ...found, plans: null, planError }));
    expect(screen.getByRole('alert').textContent).toContain('The file is gone.');
    setBackend({ ...backend(), inventory: async () => found });
    fireEvent.click(screen.getByRole('button', { name: 'Retry' }));
    expect(await screen.findByRole('group', { name: /profiles/i })).toBeTruthy();
  });
});

describe('the window', () => {
  it('welcomes first, and goes on when told to', async () => {
    await open({ welcomed: false, documents: 0 });
    fireEvent.click(await screen.findByRole('button', { name: 'Start' }));
    expect(await screen.findByText('Drop documents here')).toBeTruthy();
  });

  it('answers a question with chips and a doubtful sentence marked', async () => {
    await open();
    await act(() => useChat.getState().ask('When may the tenant leave?'));
    expect(await screen.findByRole('button', { name: /Citation 1: Lease-2024.pdf, page 7/ })).toBeTruthy();
    expect(document.querySelectorAll('.doubtful.unsupported').length).toBeGreaterThan(0);
  });

  it('says honestly that nothing was found, with the nearest passages', async () => {
    await open();
    await act(() => useChat.getState().ask('How far is the moon?'));
    expect(await screen.findByText('Not found in your documents')).toBeTruthy();
    expect(document.querySelectorAll('.nearest-passage').length).toBe(3);
  });

  it('keeps the question and offers to ask again when answering fails', async () => {
    await open();
    await act(() => useChat.getState().ask('fail please'));
    expect(await screen.findByRole('button', { name: 'Ask again' })).toBeTruthy();
  });

  it('says once why an answer was cut off, where it breaks off', async () => {
    await open();
    await act(() => useChat.getState().ask('and it is killed'));
    const turn = await screen.findByRole('article', { name: /1/ });
    expect(turn.textContent?.match(/was cut off|process stopped/g)).toEqual(['was cut off']);
    expect(turn.querySelector('.answer-mark.tone-red')?.textContent).toContain('killed from outside');
    expect(document.querySelector('.toast')).toBeNull();
    // Opened again only the fact is known.
    const { id, startNew, open: openAgain } = useChat.getState();
    act(() => startNew());
    await act(() => openAgain(id ?? 0));
    await waitFor(() =>
      expect(document.querySelector('.answer-mark.tone-red')?.textContent).toMatch(/process stopped/),
    );
  });

  it('lets an answer go on while another conversation is open, and tells when it is there', async () => {
    await open({ turns: 3, speed: 0.02 });
    await waitFor(() => expect(useChat.getState().conversations).not.toBeNull());
    const other = useChat.getState().conversations?.[0]?.id ?? 0;
    const asked = act(() => useChat.getState().ask('A long answer'));
    await waitFor(() => expect(useChat.getState().running?.text).toContain('Paragraph 2.'));
    const { id } = useChat.getState();
    act(() => useChat.getState().setDraft('half a question'));
    await act(() => useChat.getState().open(other));
    expect(useChat.getState()).toMatchObject({ id: other, running: null, draft: '', elsewhere: { id } });
    expect(await screen.findByText('An answer is being written in “A long answer”.')).toBeTruthy();
    // One at a time: another question waits until this one is answered.
    await act(() => useChat.getState().ask('Too early'));
    expect(useChat.getState().turns).toHaveLength(3);
    await asked;
    expect(useChat.getState().elsewhere).toBeNull();
    fireEvent.click(await screen.findByRole('button', { name: 'Show' }));
    await waitFor(() => expect(useChat.getState()).toMatchObject({ id, draft: 'half a question' }));
    await waitFor(() => expect(useChat.getState().turns.at(-1)?.answer.text).toContain('Paragraph 40.'));
  });

  it('shows an answer under way again to who comes back to it', async () => {
    await open({ turns: 3, speed: 0.05 });
    await waitFor(() => expect(useChat.getState().conversations).not.toBeNull());
    const other = useChat.getState().conversations?.[0]?.id ?? 0;
    const asked = act(() => useChat.getState().ask('A long answer'));
    await waitFor(() => expect(useChat.getState().running?.text).toContain('Paragraph 2.'));
    const { id } = useChat.getState();
    await act(() => useChat.getState().open(other));
    await act(() => useChat.getState().open(id ?? 0));
    expect(useChat.getState().running?.text).toContain('Paragraph 2.');
    expect(useChat.getState().elsewhere).toBeNull();
    act(() => useChat.getState().stop());
    await asked;
    expect(useChat.getState().turns.at(-1)?.answer.finish).toBe('cancelled');
  });

  it('tells at the end of a queue what came to nothing, and leads there', async () => {
    await open();
    act(() =>
      (window as unknown as Mischief).mockDrop({ type: 'drop', paths: ['/x/a.pdf', '/x/damaged.pdf'] } as never),
    );
    expect(await screen.findByText(/2 files were read\. 1 needs attention\./, {}, { timeout: 20_000 })).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Show' }));
    expect(useLayout.getState().view).toBe('library');
    expect(useLibrary.getState().query.state).toBe('problem');
  });

  it('looks up evidence that is dropped, before any welcome, and adds the rest', async () => {
    await open({ welcomed: false, documents: 0 });
    await waitFor(() => expect(useLibrary.getState().summary?.documents).toBe(0));
    const paths = ['/x/a.pdf', '/x/Lease.evidence.json'];
    act(() => (window as unknown as Mischief).mockDrop({ type: 'drop', paths } as never));
    expect(await screen.findByText(/1 of 3 passages proven/)).toBeTruthy();
    await waitFor(() => expect(useLibrary.getState().summary?.documents).toBe(1));
  });

  it('steps only through the citations of the conversation that is shown', async () => {
    await open();
    await act(() => useChat.getState().ask('When may the tenant leave?'));
    fireEvent.click(await screen.findByRole('button', { name: /Citation 1: Lease-2024.pdf, page 7/ }));
    expect(await screen.findByText('Citation 1 of 3')).toBeTruthy();
    act(() => useChat.getState().startNew());
    await waitFor(() => expect(screen.queryByText(/Citation \d of 3/)).toBeNull());
    expect(screen.getByRole('heading', { name: 'Lease-2024.pdf' })).toBeTruthy();
  });

  it.each([
    ['en', 'no GPU. A model file of up to'],
    ['de', 'keine GPU. Eine Modelldatei bis'],
  ])('ends the sentence on the machine before it says what fits (%s)', async (language, words) => {
    await open({ language, gpu: false });
    act(() => useLayout.getState().show('models'));
    await waitFor(() => expect(document.querySelector('.page')?.textContent).toContain(words));
  });

  it('replaces a turn when the question is changed', async () => {
    await open();
    await act(() => useChat.getState().ask('first question'));
    await act(() => useChat.getState().ask('second question'));
    act(() => useChat.getState().edit(0));
    act(() => useChat.getState().setDraft('changed question'));
    await act(() => useChat.getState().send());
    expect(useChat.getState().turns.map((turn) => turn.question)).toEqual(['changed question']);
  });

  it('closes the reasons with Escape, and nothing else', async () => {
    await open({ speed: 0.02 });
    await act(() => useChat.getState().ask('When may the tenant leave?'));
    const asked = act(() => useChat.getState().ask('A long answer'));
    await waitFor(() => expect(useChat.getState().running?.text).toContain('Paragraph 2.'));
    act(() => useLayout.getState().set({ panel: true }));
    act(() => useChat.getState().explain(0));
    const drawer = await screen.findByRole('complementary', { name: 'Why this answer' });
    fireEvent.keyDown(drawer, { key: 'Escape' });
    expect(useChat.getState().why).toBeNull();
    expect(useLayout.getState().panel).toBe(true);
    await asked;
    expect(useChat.getState().turns.at(-1)?.answer.finish).toBe('stop');
  });

  it('neither asks nor stops by a key that ends a composition', async () => {
    await open({ speed: 0.02 });
    const field = (): HTMLElement => screen.getByRole('textbox', { name: 'Your question' });
    // As WebKit tells it.
    const end = (key: string): void => void fireEvent.keyDown(field(), { key, keyCode: 229 });
    act(() => useChat.getState().setDraft('契約'));
    end('Enter');
    expect(useChat.getState()).toMatchObject({ draft: '契約', running: null });
    const asked = act(() => useChat.getState().ask('When may the tenant leave?'));
    await waitFor(() => expect(useChat.getState().running?.stage).toBeTruthy());
    end('Escape');
    await asked;
    expect(useChat.getState().turns.at(-1)?.answer.finish).toBe('stop');
  });

  it('asks all documents, and says so, once the collection that was asked is deleted', async () => {
    await open();
    await waitFor(() => expect(useLibrary.getState().collections).not.toEqual([]));
    act(() => useChat.getState().setScope({ kind: 'collection', id: 1 }));
    await act(() => useChat.getState().ask('When may the tenant leave?'));
    const { id, startNew, open: openAgain } = useChat.getState();
    act(() => startNew());
    await act(() => useLibrary.getState().deleteCollection(1));
    await act(() => openAgain(id ?? 0));
    await waitFor(() => expect(useChat.getState().scope).toEqual({ kind: 'all' }));
    expect(screen.getByRole('button', { name: 'Search in: All documents' })).toBeTruthy();
    // Undone, it is asked again.
    await act(async () => undoLast());
    await waitFor(() => expect(useChat.getState().scope).toEqual({ kind: 'collection', id: 1 }));
    // What is chosen since stays.
    await act(() => useLibrary.getState().deleteCollection(1));
    await waitFor(() => expect(useChat.getState().scope).toEqual({ kind: 'all' }));
    act(() => useChat.getState().setScope({ kind: 'documents', ids: [2] }));
    await act(async () => undoLast());
    await waitFor(() => expect(useLibrary.getState().collections.some((each) => each.id === 1)).toBe(true));
    expect(useChat.getState().scope).toEqual({ kind: 'documents', ids: [2] });
  });

  it('asks again what was to be replaced, in its place', async () => {
    await open();
    for (const question of ['first question', 'second question']) await act(() => useChat.getState().ask(question));
    await act(() => useChat.getState().ask('fail once', 0));
    expect(screen.getByRole('heading', { name: 'second question' })).toBeTruthy();
    fireEvent.click(await screen.findByRole('button', { name: 'Ask again' }));
    await waitFor(() => expect(useChat.getState().turns.map((turn) => turn.question)).toEqual(['fail once']));
  });

  it('undoes the removal of documents', async () => {
    await open();
    await waitFor(() => expect(useLibrary.getState().summary?.documents).toBe(12));
    await act(() => useLibrary.getState().remove([1, 2]));
    await waitFor(() => expect(useLibrary.getState().summary?.documents).toBe(10), { timeout: 2000 });
    fireEvent.click(await screen.findByRole('button', { name: 'Undo' }));
    await waitFor(() => expect(useLibrary.getState().summary?.documents).toBe(12), { timeout: 2000 });
  });

  it('shows why a view failed, with a way to try again', async () => {
    await open({ failing: ['documents'] });
    act(() => useLayout.getState().show('library'));
    expect(await screen.findByRole('alert')).toBeTruthy();
    expect(screen.getAllByRole('button', { name: 'Retry' }).length).toBeGreaterThan(0);
  });

  it('goes back to the old profile when the new one does not fit', async () => {
    await open();
    await act(() => useModels.getState().switchTo('reference'));
    expect(useModels.getState().switchError?.restored).toBe('balanced');
    await act(() => useModels.getState().switchTo('compact'));
    expect(useModels.getState().active).toBe('compact');
  });

  it('says why nothing goes on, and goes on when told to', async () => {
    await open({ pending: 20, speed: 1 });
    const tell = (event: IngestEvent) => act(() => (window as unknown as Mischief).mockIngest(event));
    await waitFor(() => expect(useLibrary.getState().summary).not.toBeNull());
    tell({ type: 'blocked', code: 'disk_full', message: 'The disk is full.\nMake room.', detail: null });
    expect((await screen.findByRole('alert')).textContent).toContain('Make room.');
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    await waitFor(() => expect(screen.queryByRole('alert')).toBeNull(), { timeout: 10_000 });
  });

  it('tells what was not taken once, and why a drop failed', async () => {
    await open();
    const { mockIngest, mockDrop } = window as unknown as Mischief;
    await waitFor(() => expect(useLibrary.getState().summary).not.toBeNull());
    const error = { code: 'not_a_regular_file', message: '`/x/pipe` is no file.', detail: null };
    act(() => {
      mockIngest({ type: 'skipped', path: '/x/pipe', error });
      mockIngest({ type: 'skipped', path: '/x/other', error });
      mockDrop({ type: 'failed', code: 'disk_full', message: 'The disk is full.', detail: null });
    });
    expect(await screen.findByText('The disk is full.')).toBeTruthy();
    expect(await screen.findByText(/2 files were not taken/, {}, { timeout: 10_000 })).toBeTruthy();
  });

  it('asks for first questions again when the first documents are ready', async () => {
    await open({ documents: 0 });
    await waitFor(() => expect(useLibrary.getState().summary?.documents).toBe(0));
    expect(useChat.getState().suggestions).toEqual([]);
    await act(() => useLibrary.getState().addSamples());
    await waitFor(() => expect(useChat.getState().suggestions.length).toBeGreaterThan(0), { timeout: 20_000 });
  });

  it('names the chosen model at its foot before it is loaded', async () => {
    await open({ model: false });
    expect(await screen.findByText(/No language model/)).toBeTruthy();
    await act(() => useModels.getState().choose('/home/ada/Models/tiny-synthetic.gguf'));
    await act(async () => useSettings.getState().load());
    const strip = document.querySelector('.status-strip');
    await waitFor(() => expect(strip?.textContent).toContain('Tiny (synthetic) · not loaded'), { timeout: 5000 });
    expect(strip?.querySelector('.status-dot.loaded')).toBeNull();
    await act(() => useChat.getState().ask('When may the tenant leave?'));
    await waitFor(() => expect(strip?.querySelector('.status-dot.loaded')).not.toBeNull(), { timeout: 5000 });
  });

  it('leads from the languages of the library to the search model, and is quiet once it knows them', async () => {
    await open({ foreign: true });
    act(() => useLayout.getState().show('library'));
    fireEvent.click(await screen.findByRole('button', { name: 'Choose a search model' }));
    const choice = await screen.findByLabelText(/Search model embedder/);
    await waitFor(() => expect(document.activeElement).toBe(choice));
    fireEvent.change(choice, { target: { value: 'multilingual-e5-small' } });
    act(() => useLayout.getState().show('library'));
    await waitFor(() => expect(screen.queryByRole('button', { name: 'Choose a search model' })).toBeNull());
  });

  it('looks at the languages of the library once the engine has another search model, and for no other setting', async () => {
    await open();
    await waitFor(() => expect(useLibrary.getState().summary).not.toBeNull());
    await act(() => useSettings.getState().saved());
    const mock = backend();
    const told: string[] = [];
    setBackend({
      ...mock,
      changeSettings: async (change) => {
        const after = await mock.changeSettings(change);
        told.push(...Object.keys(change));
        return after;
      },
      languageOffer: async () => {
        told.push('looked');
        return null;
      },
    });
    await act(() => useSettings.getState().change({ theme: 'dark' }));
    await act(() => useSettings.getState().change({ embedder: 'multilingual-e5-small' }));
    await waitFor(() => expect(told.at(-1)).toBe('looked'));
    expect(told).toEqual(['theme', 'embedder', 'looked']);
  });

  it('speaks German', async () => {
    await open({ language: 'de' });
    expect(await screen.findByText('Bibliothek')).toBeTruthy();
  });

  it('finds in the conversation from another page, and takes the focus on every call', async () => {
    await open();
    await act(() => useChat.getState().ask('When may the tenant leave?'));
    act(() => useLayout.getState().show('library'));
    const find = (): void => void fireEvent.keyDown(window, { key: 'F', ctrlKey: true, shiftKey: true });
    find();
    const field = await screen.findByRole('searchbox', { name: 'Find in this conversation' });
    await waitFor(() => expect(document.activeElement).toBe(field));
    act(() => document.getElementById('question')?.focus());
    find();
    expect(document.activeElement).toBe(field);
    act(() => useChat.getState().startNew());
    expect(screen.queryByRole('searchbox', { name: 'Find in this conversation' })).toBeNull();
  });

  it('offers every conversation in the palette and to the keys, whatever is searched for in the side bar', async () => {
    await open({ turns: 3 });
    await waitFor(() => expect(useChat.getState().conversations).not.toBeNull());
    const all = useChat.getState().conversations ?? [];
    act(() => useChat.getState().setSearch('boiler'));
    await waitFor(() => expect(document.querySelectorAll('.conversation-nav .nav-line')).toHaveLength(1));
    await act(() => useChat.getState().loadList());
    fireEvent.keyDown(window, { key: 'k', ctrlKey: true });
    fireEvent.change(await screen.findByRole('combobox'), { target: { value: 'Travel costs' } });
    expect(await screen.findByRole('option', { name: /Travel costs to Porto/ })).toBeTruthy();
    fireEvent.keyDown(screen.getByRole('combobox'), { key: 'Escape' });
    await act(() => useChat.getState().open(all[0]?.id ?? 0));
    fireEvent.keyDown(window, { key: 'PageDown', ctrlKey: true });
    await waitFor(() => expect(useChat.getState().id).toBe(all[1]?.id));
  });

  it('begins no other answer while one is written elsewhere, and says so by its buttons', async () => {
    await open({ turns: 3, speed: 0.02 });
    await waitFor(() => expect(useChat.getState().conversations).not.toBeNull());
    const other = useChat.getState().conversations?.[0]?.id ?? 0;
    await act(() => useChat.getState().open(other));
    const again = (): HTMLButtonElement => screen.getByRole<HTMLButtonElement>('button', { name: 'Write again' });
    await waitFor(() => expect(again().disabled).toBe(false));
    act(() => useChat.getState().startNew());
    await waitFor(() => expect(document.querySelector('.suggestion')).not.toBeNull());
    const asked = act(() => useChat.getState().ask('A long answer, step by step'));
    await waitFor(() => expect(useChat.getState().running?.text).toContain('Paragraph 2.'));
    await act(() => useChat.getState().open(other));
    await waitFor(() => expect(again().disabled).toBe(true));
    act(() => useChat.getState().startNew());
    await waitFor(() => expect(document.querySelector<HTMLButtonElement>('.suggestion')?.disabled).toBe(true));
    act(() => useChat.getState().stop());
    await asked;
    await waitFor(() => expect(document.querySelector<HTMLButtonElement>('.suggestion')?.disabled).toBe(false));
  });

  it('asks about the open document, and about what is selected in it', async () => {
    await open();
    // Shown as text: what is drawn cannot be selected here.
    const query = { search: '', state: 'ready', collection: null, sort: 'added', descending: false } as const;
    const { rows } = await backend().documents({ ...query, offset: 0, limit: 12 });
    const row = rows.find(({ media_type }) => media_type !== 'application/pdf');
    if (!row) throw new Error('no document is shown as text');
    act(() => readDocument(row));
    const words = await waitFor(() => {
      const found = document.querySelector('.source-scroll p');
      expect(found?.textContent).toContain('tenant');
      return found as Element;
    });
    fireEvent.click(screen.getByRole('button', { name: 'Ask about this document' }));
    expect(screen.getByRole<HTMLButtonElement>('menuitem', { name: 'Ask about the selection' }).disabled).toBe(true);
    fireEvent.click(screen.getByRole('menuitem', { name: 'Ask only this document' }));
    const question = (): string => document.querySelector<HTMLTextAreaElement>('#question')?.value ?? '';
    expect(useChat.getState()).toMatchObject({ id: null, scope: { kind: 'documents', ids: [row.id] } });
    expect(question()).toBe('');
    act(() => useChat.getState().setDraft('why?'));
    getSelection()?.selectAllChildren(words);
    fireEvent.click(screen.getByRole('button', { name: 'Ask about this document' }));
    fireEvent.click(screen.getByRole('menuitem', { name: 'Ask about the selection' }));
    await waitFor(() => expect(question()).toMatch(/^About “[^\n]*tenant[^\n]*”: why\?$/));
    await waitFor(() => expect(document.activeElement?.id).toBe('question'));
    getSelection()?.removeAllRanges();
  });

  it('says how many documents say something, and asks each where a few passages answered', async () => {
    await open();
    await act(() => useChat.getState().ask('Which documents name a notice period?'));
    expect(await screen.findByText('Written from a few passages.')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Ask each document' }));
    expect(await screen.findByText('12 of 12 documents say something about this.')).toBeTruthy();
    expect(useChat.getState().turns).toHaveLength(1);
    expect(screen.queryByText('Written from a few passages.')).toBeNull();
    expect(screen.queryByText(/no language model is chosen/)).toBeNull();
  });

  it('asks each document of a conversation until that is switched off', async () => {
    await open();
    const scope = (name: string): void => void fireEvent.click(screen.getByRole('button', { name }));
    const item = (): HTMLElement => screen.getByRole('menuitemcheckbox', { name: 'Each document by itself' });
    scope('Search in: All documents');
    expect(item().getAttribute('aria-checked')).toBe('false');
    fireEvent.click(item());
    await act(() => useChat.getState().ask('How far is the moon?'));
    expect(await screen.findByText('0 of 12 documents say something about this.')).toBeTruthy();
    scope('Search in: All documents, each by itself');
    expect(item().getAttribute('aria-checked')).toBe('true');
    fireEvent.click(item());
    expect(useChat.getState().each).toBe(false);
  });

  it('opens the palette and runs a command from it', async () => {
    await open();
    fireEvent.keyDown(window, { key: 'k', ctrlKey: true });
    const field = await screen.findByRole('combobox');
    fireEvent.change(field, { target: { value: 'keyboard' } });
    fireEvent.keyDown(field, { key: 'Enter' });
    expect(await screen.findByRole('heading', { name: 'Keyboard shortcuts' })).toBeTruthy();
  });
});
