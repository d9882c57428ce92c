import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type LanguageOffer, setBackend } from '@/ipc';
import { createMock, MOCK_DEFAULTS } from '@/ipc/mock';
import { setLanguage } from '@/shared/i18n';
import { LanguageBanner } from './LanguageBanner';
import { useLanguageOffer } from './languageOffer';

const OFFER: LanguageOffer = {
  notice: { code: 'library_language', message: '' },
  language: 'de',
  documents: 9,
  told: 12,
  share: 0.7,
  embedder: 'all-MiniLM-L6-v2',
  offered: 'multilingual-e5-small',
  installed: false,
  folder: '/home/ada/.local/share/docmind/models/multilingual-e5-small',
  published: 'intfloat/multilingual-e5-small',
  size_mib: 449,
};

/** The window is opened anew over a library of which the engine says this. */
async function open(offer: LanguageOffer | null, onChoose: () => void = () => undefined): Promise<void> {
  cleanup();
  useLanguageOffer.setState({ offer: null });
  setBackend({ ...createMock({ ...MOCK_DEFAULTS, speed: 0 }), languageOffer: async () => offer });
  render(<LanguageBanner onChoose={onChoose} />);
  await useLanguageOffer.getState().load();
}

const shown = (): HTMLElement | null => screen.queryByRole('complementary', { name: 'Languages of the library' });

beforeEach(() => localStorage.clear());
afterEach(() => setLanguage('en'));

describe('the banner of the library’s languages', () => {
  it('says nothing while the search model knows them', async () => {
    await open(null);
    expect(shown()).toBeNull();
  });

  it('says what is so, what would help and where its files belong, and leads to the choice', async () => {
    const chosen = vi.fn();
    await open(OFFER, chosen);
    await waitFor(() => expect(shown()?.textContent).toContain('9 of the 12 documents'));
    for (const said of ['all-MiniLM-L6-v2', 'German', 'multilingual-e5-small', '449 MiB', OFFER.folder])
      expect(shown()?.textContent).toContain(said);
    fireEvent.click(screen.getByRole('button', { name: 'Choose a search model' }));
    expect(chosen).toHaveBeenCalledOnce();
  });

  it('does not speak of missing files where they are there', async () => {
    await open({ ...OFFER, installed: true });
    await waitFor(() => expect(shown()).not.toBeNull());
    expect(shown()?.textContent).not.toContain(OFFER.folder);
  });

  it('stays dismissed until the search model, the language or the share changes', async () => {
    await open(OFFER);
    fireEvent.click(await screen.findByRole('button', { name: 'Dismiss this message' }));
    await waitFor(() => expect(shown()).toBeNull());
    await open({ ...OFFER, documents: 10, told: 13, share: 0.72 });
    expect(shown()).toBeNull();

    await open({ ...OFFER, share: 0.95 });
    await waitFor(() => expect(shown()).not.toBeNull());
    await open({ ...OFFER, embedder: 'bge-small-en-v1.5' });
    await waitFor(() => expect(shown()).not.toBeNull());
    await open(OFFER);
    expect(shown()).toBeNull();

    // It held no longer for a while: said again, it is news.
    await open(null);
    await open(OFFER);
    await waitFor(() => expect(shown()).not.toBeNull());
  });

  it('speaks German', async () => {
    setLanguage('de');
    await open(OFFER);
    expect(await screen.findByText(/9 der 12 Dokumente.* die meisten davon in: Deutsch\./)).toBeTruthy();
  });
});
