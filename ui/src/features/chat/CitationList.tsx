import { useMemo } from 'react';
import type { Citation } from '@/ipc';
import { t } from '@/shared/i18n';
import { tameName } from '@/shared/text/tame';
import { sourcesOf } from './citations';

/** The sources under an answer, one line each. */
export function CitationList({
  citations,
  onOpen,
}: {
  citations: readonly Citation[];
  onOpen: (citation: Citation) => void;
}) {
  const sources = useMemo(() => sourcesOf(citations), [citations]);
  if (sources.length === 0) return null;
  return (
    <ol className="citation-list" aria-label={t('chat.sources')}>
      {sources.map(({ n, first, support }) => (
        <li key={n}>
          <button type="button" className="citation-line" onClick={() => onOpen(first)}>
            <span className={`cite ${support}`} aria-hidden>
              {n}
            </span>
            <bdi className="clip">{tameName(first.title)}</bdi>
            <span className="quiet tabular">{t('source.page', { page: first.page })}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}
