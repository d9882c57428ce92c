import { CircleSlash, LibraryBig } from 'lucide-react';
import type { Coverage, Source } from '@/ipc';
import { t } from '@/shared/i18n';
import { tame, tameName } from '@/shared/text/tame';
import { covered } from './covered';

/** "Not in your documents", said plainly, with the passages that came nearest. */
export function NotFound({
  sources,
  coverage,
  busy,
  onOpenSource,
  onAskAll,
}: {
  sources: readonly Source[];
  /** Of how many documents none says anything, where each was asked. */
  coverage: Coverage | undefined;
  /** An answer is being written. */
  busy: boolean;
  onOpenSource: (source: Source) => void;
  onAskAll?: () => void;
}) {
  return (
    <div className="not-found">
      <p className="not-found-title">
        <CircleSlash size={16} aria-hidden />
        {t('chat.not_found')}
      </p>
      <p className="quiet">{t('chat.not_found_text')}</p>
      {coverage && <p className="quiet">{covered(coverage)}</p>}
      {onAskAll && (
        <button type="button" className="button" disabled={busy} onClick={onAskAll}>
          <LibraryBig size={16} aria-hidden />
          {t('chat.ask_all')}
        </button>
      )}
      {sources.length > 0 && (
        <>
          <h4>{t('chat.nearest')}</h4>
          <ul className="nearest">
            {sources.slice(0, 3).map((source) => (
              <li key={source.n}>
                <button type="button" className="nearest-passage" onClick={() => onOpenSource(source)}>
                  <span className="passage-place">
                    <bdi>{tameName(source.title)}</bdi> · {t('source.page', { page: source.page })}
                  </span>
                  <span dir="auto">{tame(source.text)}</span>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
