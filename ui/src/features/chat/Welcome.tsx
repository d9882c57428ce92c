import type { ReactNode } from 'react';
import { t } from '@/shared/i18n';
import { tameName } from '@/shared/text/tame';
import { isAnswering } from './state';
import { useChat } from './store';

/** What stands where nothing was asked yet: questions to begin with, or the way to documents. */
export function Welcome({ empty, documents }: { empty: ReactNode; documents: number | null }) {
  const suggestions = useChat((state) => state.suggestions);
  const ask = useChat((state) => state.ask);
  // One answer at a time, in whichever conversation.
  const busy = useChat(isAnswering);
  if (!documents) return <div className="chat-welcome">{empty}</div>;
  return (
    <div className="chat-welcome">
      <h2>{t('chat.welcome', { n: documents })}</h2>
      <p className="quiet">{t('chat.welcome_text')}</p>
      {suggestions.length > 0 && (
        <ul className="suggestions" aria-label={t('chat.suggestions')}>
          {suggestions.map((suggestion) => (
            <li key={suggestion}>
              <button
                type="button"
                className="suggestion"
                dir="auto"
                disabled={busy}
                onClick={() => void ask(suggestion)}
              >
                {tameName(suggestion)}
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
