import { act, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { backend, setBackend } from '@/ipc';
import { createMock, MOCK_DEFAULTS } from '@/ipc/mock';
import { ChatPage } from './ChatPage';
import { useChat } from './store';

const START = useChat.getInitialState();
const chat = useChat.getState;
const COLLECTIONS = [{ id: 1, name: 'Contracts', documents: 4 }];
const nothing = (): void => undefined;

beforeEach(() => {
  useChat.setState(START, true);
  setBackend(createMock({ ...MOCK_DEFAULTS, speed: 0, turns: 0, documents: 12 }));
  chat().startNew();
  render(
    <ChatPage
      documents={12}
      ready={9}
      collections={COLLECTIONS}
      empty={null}
      onOpen={nothing}
      onOpenSource={nothing}
      onOpenPassage={nothing}
      onChoose={nothing}
      onSearch={nothing}
    />,
  );
});

describe('to those who hear the window', () => {
  it('an answer is complete when it is, and not when it failed', async () => {
    const said = (): string[] => screen.getAllByRole('status').map(({ textContent }) => textContent);
    await act(() => chat().ask('When may the tenant leave?'));
    expect(said()).toContain('The answer is complete.');
    await act(() => chat().ask('fail now'));
    await waitFor(() => expect(chat().running?.error).toBeTruthy());
    expect(said()).not.toContain('The answer is complete.');
  });

  it('what is asked is the one that is chosen of several', () => {
    const chosen = (): (string | null)[] =>
      screen
        .getAllByRole('menuitemradio')
        .filter((item) => item.getAttribute('aria-checked') === 'true')
        .map(({ textContent }) => textContent);
    fireEvent.click(screen.getByRole('button', { name: 'Search in: All documents' }));
    expect(chosen()).toEqual(['All documents']);
    fireEvent.click(screen.getByRole('menuitemradio', { name: 'Contracts' }));
    fireEvent.click(screen.getByRole('button', { name: 'Search in: Contracts' }));
    expect(chosen()).toEqual(['Contracts']);
  });
});

describe('the field for questions', () => {
  it('says how many documents answer, which those that could not be read do not', () => {
    expect(screen.getByRole('textbox', { name: 'Your question' }).getAttribute('placeholder')).toBe(
      'Ask about 9 documents…',
    );
  });

  it('has the focus wherever in its frame the mouse is pressed, but on a button', () => {
    const field = screen.getByRole('textbox', { name: 'Your question' });
    const scope = screen.getByRole('button', { name: 'Search in: All documents' });
    field.blur();
    fireEvent.mouseDown(scope);
    expect(document.activeElement).not.toBe(field);
    fireEvent.mouseDown(field.closest('form') as Element);
    expect(document.activeElement).toBe(field);
  });

  it('neither stops what a double click asked, nor asks what one stopped', async () => {
    const field = screen.getByRole('textbox', { name: 'Your question' });
    const stopped = vi.fn();
    setBackend({ ...backend(), ask: () => ({ finished: new Promise(nothing), cancel: stopped }) });
    fireEvent.change(field, { target: { value: 'When does it end?' } });
    fireEvent.click(screen.getByRole('button', { name: 'Ask' }), { detail: 2 });
    expect(chat().running).toBeNull();
    fireEvent.click(screen.getByRole('button', { name: 'Ask' }), { detail: 1 });
    const stop = await screen.findByRole('button', { name: /^Stop/ });
    fireEvent.click(stop, { detail: 2 });
    expect(stopped).not.toHaveBeenCalled();
    fireEvent.click(stop, { detail: 1 });
    expect(stopped).toHaveBeenCalledOnce();
  });

  it('says that it is full, since it cuts off what is pasted beyond its end', () => {
    const field = screen.getByRole('textbox', { name: 'Your question' });
    fireEvent.change(field, { target: { value: 'a'.repeat(7999) } });
    expect(screen.queryByText(/left out/)).toBeNull();
    fireEvent.change(field, { target: { value: 'a'.repeat(8000) } });
    expect(screen.getByText('A question holds 8,000 characters; what is beyond is left out.')).toBeTruthy();
  });
});
