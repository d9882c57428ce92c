import { memo } from 'react';
import type { Citation } from '@/ipc';
import { t } from '@/shared/i18n';
import { fileName } from '@/shared/text/path';
import { tame, tameName } from '@/shared/text/tame';
import { HoverCard } from '@/shared/ui/HoverCard';

const SHOWN = 420;

/** The cited passage as it stands in the document, with where and how well it supports the sentence. */
function PassageCard({ citation }: { citation: Citation }) {
  const quote = tame(citation.quote);
  return (
    <>
      <p className="passage-place">
        <bdi title={tameName(citation.path)}>{tameName(citation.title)}</bdi> ·{' '}
        {t('source.page', { page: citation.page })}
      </p>
      {fileName(citation.path) !== citation.title && (
        <p className="small quiet clip">
          <bdi>{tameName(fileName(citation.path))}</bdi>
        </p>
      )}
      <blockquote dir="auto">{quote.length > SHOWN ? `${quote.slice(0, SHOWN)}…` : quote}</blockquote>
      <p className={`support-line ${citation.support}`}>{t(`support.${citation.support}`)}</p>
    </>
  );
}

const SIGNS = { supported: '', weak: '≈', unsupported: '?' };

/** A numbered mark: rest on it for the passage, press it for the page. Its border repeats what the check says. */
export const CitationChip = memo(function CitationChip({
  citation,
  onOpen,
}: {
  citation: Citation;
  onOpen: (citation: Citation) => void;
}) {
  return (
    <HoverCard card={<PassageCard citation={citation} />}>
      {(described) => (
        <button
          type="button"
          className={`cite ${citation.support}`}
          aria-label={t('chat.citation', {
            n: String(citation.n),
            title: tameName(citation.title),
            page: String(citation.page),
            support: t(`support.${citation.support}`),
          })}
          onClick={() => onOpen(citation)}
          {...described}
        >
          {citation.n}
          {SIGNS[citation.support]}
        </button>
      )}
    </HoverCard>
  );
});
