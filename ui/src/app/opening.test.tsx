import { act, cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useChat } from '@/features/chat/store';
import { useLibrary } from '@/features/library/store';
import { usePerformance } from '@/features/performance/store';
import { useSettings } from '@/features/settings/store';
import { setBackend } from '@/ipc';
import { createMock, MOCK_DEFAULTS, type MockOptions } from '@/ipc/mock';
import { setLanguage } from '@/shared/i18n';
import { App } from './App';

const START = {
  chat: useChat.getInitialState(),
  library: useLibrary.getInitialState(),
  settings: useSettings.getInitialState(),
  performance: usePerformance.getInitialState(),
};

function reset(): void {
  useChat.setState(START.chat, true);
  useLibrary.setState(START.library, true);
  useSettings.setState(START.settings, true);
  usePerformance.setState(START.performance, true);
}

function open(options: Partial<MockOptions>): void {
  setBackend(createMock({ ...MOCK_DEFAULTS, speed: 0, documents: 12, ...options }));
  render(<App />);
}

const toasts = (): string[] => [...document.querySelectorAll('.toast')].map((toast) => toast.textContent);

beforeEach(reset);

afterEach(() => {
  for (const button of document.querySelectorAll('.toast > .icon-button')) fireEvent.click(button);
  cleanup();
  vi.useRealTimers();
  vi.restoreAllMocks();
  setLanguage('en');
});

describe('a library that is being opened', () => {
  it('is spoken of once that takes long', async () => {
    vi.useFakeTimers();
    open({ speed: 20 });
    const words = (): string => document.body.textContent;
    await act(() => vi.advanceTimersByTimeAsync(250));
    expect(words()).toBe('');
    await act(() => vi.advanceTimersByTimeAsync(100));
    expect(words()).toBe('Opening the library…');
    await act(() => vi.advanceTimersByTimeAsync(400));
    expect(words()).not.toContain('Opening the library…');
    expect(document.querySelector('.window')).not.toBeNull();
  });

  it('is listed and listened to though the first try failed', async () => {
    const failing = ['opening'];
    open({ failing });
    expect((await screen.findByRole('alert')).textContent).toContain('has this library open');
    failing.pop();
    fireEvent.click(screen.getByRole('button', { name: 'Retry' }));
    expect(await screen.findByRole('button', { name: 'Contract review' })).toBeTruthy();
    await waitFor(() => expect(useLibrary.getState().summary?.documents).toBe(12));
    await waitFor(() => expect(usePerformance.getState().latest).not.toBeNull());
    // What had to wait did not fail meanwhile.
    expect(toasts()).toEqual([]);
    await act(() => useLibrary.getState().add(['/x/new.pdf']));
    await waitFor(() => expect(useLibrary.getState().summary?.documents).toBe(13));
  });

  it('is not taken for empty before its documents are counted', async () => {
    vi.useFakeTimers();
    open({ speed: 10, turns: 0 });
    // Its settings are read, and its documents are not.
    await act(() => vi.advanceTimersByTimeAsync(400));
    const question = (): HTMLElement => screen.getByRole('textbox', { name: 'Your question' });
    expect(question().getAttribute('placeholder')).toBe('Your question');
    expect(document.body.textContent).not.toContain('Drop documents here');
    await act(() => vi.advanceTimersByTimeAsync(1000));
    expect(question().getAttribute('placeholder')).toBe('Ask about 12 documents…');
  });

  it('says why its documents cannot be counted, where they would be asked', async () => {
    const failing = ['summary'];
    open({ failing, turns: 0 });
    expect((await screen.findByRole('alert')).textContent).toContain('summary');
    failing.pop();
    fireEvent.click(screen.getByRole('button', { name: 'Retry' }));
    expect(await screen.findByRole('heading', { name: 'Ask your 12 documents' })).toBeTruthy();
  });

  it('says what opening had to say, in the language of the settings', async () => {
    open({ notices: ['settings_damaged', 'conversations_restored'], language: 'de' });
    await waitFor(() => expect(toasts()).toHaveLength(2));
    expect(toasts()[0]).toContain('Die Datei der Einstellungen ließ sich nicht lesen');
    expect(toasts()[1]).toContain('Die Datei Ihrer Gespräche war beschädigt');
  });

  it('says that conversations came from a copy until that was seen', async () => {
    vi.useFakeTimers();
    open({ notices: ['conversations_restored', 'settings_damaged'] });
    await act(() => vi.advanceTimersByTimeAsync(100));
    expect(toasts()).toHaveLength(2);
    await act(() => vi.advanceTimersByTimeAsync(60_000));
    expect(toasts()).toHaveLength(1);
    expect(toasts()[0]).toContain('The newest may be missing.');
  });

  it('that cannot be opened is spoken of in the system’s language', async () => {
    vi.spyOn(navigator, 'language', 'get').mockReturnValue('de-DE');
    window.history.replaceState(null, '', '/?failing=opening');
    document.body.innerHTML = '<div id="root"></div>';
    await act(() => import('@/main'));
    expect((await screen.findByRole('alert')).textContent).toContain('Ein anderes DocMind');
    expect(screen.getByRole('button', { name: 'Erneut versuchen' })).toBeTruthy();
    expect(document.documentElement.lang).toBe('de');
    window.history.replaceState(null, '', '/');
  });
});
