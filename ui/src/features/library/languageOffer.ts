import { create } from 'zustand';
import { backend, type LanguageOffer } from '@/ipc';

const KEY = 'docmind.language-offer';

/** So much more of the library in other languages is a new reason to say it again. */
const GROWN = 0.2;

type Dismissal = Pick<LanguageOffer, 'embedder' | 'language'> & { share: number };

function dismissal(): Dismissal | null {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? 'null');
    if (typeof kept !== 'object' || kept === null) return null;
    const { embedder, language, share } = kept as Record<string, unknown>;
    return typeof embedder === 'string' && typeof language === 'string' && typeof share === 'number'
      ? { embedder, language, share }
      : null;
  } catch {
    return null;
  }
}

function isDismissed({ embedder, language, share }: LanguageOffer): boolean {
  const kept = dismissal();
  return kept?.embedder === embedder && kept.language === language && (share ?? 1) < kept.share + GROWN;
}

interface LanguageOfferState {
  /** What is to be said; `null` when there is nothing, or when it was dismissed. */
  offer: LanguageOffer | null;
  load: () => Promise<void>;
  dismiss: () => void;
}

/** Whether another search model would know the library's languages better. A dismissal holds until that changes. */
export const useLanguageOffer = create<LanguageOfferState>((set, get) => {
  let latest = 0;
  return {
    offer: null,
    load: async () => {
      latest += 1;
      const mine = latest;
      try {
        const offer = await backend().languageOffer();
        if (mine !== latest) return;
        if (offer === null) localStorage.removeItem(KEY);
        set({ offer: offer !== null && isDismissed(offer) ? null : offer });
      } catch {
        // Whatever ails the library is said where it is shown.
        if (mine === latest) set({ offer: null });
      }
    },
    dismiss: () => {
      const { offer } = get();
      if (!offer) return;
      const { embedder, language, share } = offer;
      localStorage.setItem(KEY, JSON.stringify({ embedder, language, share: share ?? 1 } satisfies Dismissal));
      set({ offer: null });
    },
  };
});
