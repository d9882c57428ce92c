import { BookOpen } from 'lucide-react';
import { type ReactNode, type RefObject, useEffect, useMemo, useRef, useState } from 'react';
import type { DocumentRow } from '@/ipc';
import { t } from '@/shared/i18n';
import { FindField } from '@/shared/ui/FindField';
import { EmptyState, ErrorState } from '@/shared/ui/states';
import { useFocusBack } from '@/shared/ui/useFocusBack';
import { Notes } from './Notes';
import { PageView } from './PageView';
import { SourceFoot } from './SourceFoot';
import { SourceHead } from './SourceHead';
import { isDrawn, MOST_FOUND, pageWithin, useSource } from './store';
import { TextView } from './TextView';
import { Thumbnails } from './Thumbnails';
import { turningKeys, useWheel } from './turning';

/** Width that there is for a page. */
function useRoom(scroller: RefObject<HTMLElement | null>): number {
  const [room, setRoom] = useState(400);
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setRoom(element.clientWidth - 32));
    observer.observe(element);
    return () => observer.disconnect();
  }, [scroller]);
  return room;
}

function Find() {
  const { query, found, foundAt, finding, find, stepFound, setSearching } = useSource();
  return (
    <FindField
      label={t('source.search')}
      query={query}
      found={found.length}
      at={foundAt}
      most={MOST_FOUND}
      finding={finding}
      onFind={(words) => void find(words)}
      onStep={stepFound}
      onClose={() => setSearching(false)}
    />
  );
}

/** The pages in small, and the one that is read. */
function Reader({ row }: { row: DocumentRow }) {
  const { page, aim, target, found, foundAt, zoom, quarters, thumbnails, goTo } = useSource();
  const scroller = useRef<HTMLElement>(null);
  const room = useRoom(scroller);
  useWheel(scroller);
  const drawn = isDrawn(row);
  const passage = useMemo(
    () =>
      target?.span && target.document === row.id && pageWithin(target.page, row) === page
        ? { span: target.span, quote: target.quote }
        : null,
    [target, row, page],
  );
  const here = useMemo(() => found.filter((each) => each.page === page).map((each) => each.span), [found, page]);
  const current = found[foundAt]?.page === page ? (found[foundAt]?.span ?? null) : null;
  const shown = { document: row.id, number: page, aim, passage, found: here, current };
  return (
    <>
      <div className="source-body" data-quarters={quarters}>
        {thumbnails && <Thumbnails document={row.id} pages={row.pages} page={page} drawn={drawn} onGo={goTo} />}
        <section
          ref={scroller}
          className="source-scroll"
          tabIndex={0}
          aria-label={t('source.page', { page })}
          onKeyDown={turningKeys}
        >
          {drawn ? <PageView {...shown} zoom={zoom} quarters={quarters} room={room} /> : <TextView {...shown} />}
        </section>
      </div>
      <SourceFoot drawn={drawn} pages={row.pages} />
    </>
  );
}

/** The document beside the answer: the page itself with the passage marked, or its text. */
export function SourcePanel({ ask, onClose }: { ask?: ReactNode; onClose: () => void }) {
  const { row, page, target, searching, error, open } = useSource();
  useFocusBack('.edge-button.right');
  return (
    <section className="source-panel" aria-label={t('source.title')}>
      <SourceHead row={row} ask={ask} onClose={onClose} />
      {searching && row && <Find />}
      {row && <Notes row={row} page={page} />}
      {error ? (
        <ErrorState error={error} {...(target && { onRetry: () => void open(target) })} />
      ) : row ? (
        <Reader row={row} />
      ) : target ? (
        <p className="state-view quiet" role="status">
          {t('source.loading')}
        </p>
      ) : (
        <EmptyState icon={<BookOpen size={24} />} title={t('source.empty_title')} text={t('source.empty_text')} />
      )}
    </section>
  );
}
