import { ListPlus } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { Citation } from '@/ipc';
import { t } from '@/shared/i18n';
import { tameName } from '@/shared/text/tame';
import { sourcesOf } from './citations';

/** More than so many are a list of their own: the first stand there, and the rest when it is asked for. */
const MANY = 16;
const FIRST = 10;

/** The sources under an answer, one line each. */
export function CitationList({
  citations,
  onOpen,
}: {
  citations: readonly Citation[];
  onOpen: (citation: Citation) => void;
}) {
  const sources = useMemo(() => sourcesOf(citations), [citations]);
  const [all, setAll] = useState(false);
  const list = useRef<HTMLOListElement>(null);
  // The button is gone with the press: the focus goes on to the first that it showed.
  useEffect(() => {
    if (all) list.current?.children[FIRST]?.querySelector('button')?.focus();
  }, [all]);
  if (sources.length === 0) return null;
  const shown = all || sources.length <= MANY ? sources : sources.slice(0, FIRST);
  return (
    <ol ref={list} className="citation-list" aria-label={t('chat.sources')}>
      {shown.map(({ n, first, support }) => (
        <li key={n}>
          <button type="button" className="citation-line" onClick={() => onOpen(first)}>
            <span className={`cite ${support}`} aria-hidden>
              {n}
            </span>
            <bdi className="clip" title={tameName(first.path)}>
              {tameName(first.title)}
            </bdi>
            <span className="quiet tabular">{t('source.page', { page: first.page })}</span>
          </button>
        </li>
      ))}
      {shown.length < sources.length && (
        <li>
          <button type="button" className="citation-line" onClick={() => setAll(true)}>
            <ListPlus size={16} aria-hidden />
            {t('chat.all_sources', { n: sources.length })}
          </button>
        </li>
      )}
    </ol>
  );
}
