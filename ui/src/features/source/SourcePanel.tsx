import {
  BookOpen,
  ChevronLeft,
  ChevronRight,
  ExternalLink,
  PanelLeft,
  RotateCcw,
  Search,
  TriangleAlert,
  X,
  ZoomIn,
  ZoomOut,
} from 'lucide-react';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { backend, type DocumentRow } from '@/ipc';
import { t } from '@/shared/i18n';
import { count, percent } from '@/shared/text/format';
import { tameName } from '@/shared/text/tame';
import { EmptyState, ErrorState } from '@/shared/ui/states';
import { attempt } from '@/shared/ui/toasts';
import { Words } from '@/shared/ui/Words';
import { PageView } from './PageView';
import { useSource } from './store';
import { TextView } from './TextView';
import { Thumbnails } from './Thumbnails';

function Head({ row, onClose }: { row: DocumentRow | null; onClose: () => void }) {
  const { thumbnails, searching, toggleThumbnails, setSearching } = useSource();
  return (
    <header className="source-head">
      {row && (
        <button
          type="button"
          className="icon-button"
          aria-pressed={thumbnails}
          title={t('source.thumbnails')}
          aria-label={t('source.thumbnails')}
          onClick={toggleThumbnails}
        >
          <PanelLeft size={16} aria-hidden />
        </button>
      )}
      <h2 className="clip">
        <bdi title={row ? tameName(row.path) : ''}>{row ? tameName(row.title) : t('source.title')}</bdi>
      </h2>
      <span className="spacer" />
      {row && (
        <>
          <button
            type="button"
            className="icon-button"
            aria-pressed={searching}
            title={t('source.search')}
            aria-label={t('source.search')}
            onClick={() => setSearching(!searching)}
          >
            <Search size={16} aria-hidden />
          </button>
          <button
            type="button"
            className="icon-button"
            title={t('library.open_system')}
            aria-label={t('library.open_system')}
            onClick={() => void attempt(() => backend().openDocument(row.id))}
          >
            <ExternalLink size={16} aria-hidden />
          </button>
        </>
      )}
      <button
        type="button"
        className="icon-button"
        title={t('source.close')}
        aria-label={t('source.close')}
        onClick={onClose}
      >
        <X size={16} aria-hidden />
      </button>
    </header>
  );
}

function FindBar() {
  const { query, found, foundAt, finding, find, stepFound, setSearching } = useSource();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  return (
    <search className="find-bar">
      <input
        ref={input}
        type="search"
        className="field"
        aria-label={t('source.search')}
        placeholder={t('source.search')}
        value={query}
        onChange={(event) => void find(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') stepFound(event.shiftKey ? -1 : 1);
          if (event.key === 'Escape') setSearching(false);
        }}
      />
      <span className="small quiet tabular" role="status">
        {query.trim().length < 2
          ? ''
          : finding
            ? t('source.finding')
            : found.length === 0
              ? t('source.none_found')
              : t('source.found', { at: foundAt + 1, n: found.length })}
      </span>
      <button
        type="button"
        className="icon-button"
        aria-label={t('source.previous_found')}
        disabled={found.length === 0}
        onClick={() => stepFound(-1)}
      >
        <ChevronLeft size={16} aria-hidden />
      </button>
      <button
        type="button"
        className="icon-button"
        aria-label={t('source.next_found')}
        disabled={found.length === 0}
        onClick={() => stepFound(1)}
      >
        <ChevronRight size={16} aria-hidden />
      </button>
    </search>
  );
}

/** The page number, to be read and to be typed. */
function PageField({ page, pages, onGo }: { page: number; pages: number; onGo: (page: number) => void }) {
  const go = (field: HTMLInputElement): void => {
    const wanted = Math.max(1, Math.min(pages, Math.round(Number(field.value)) || page));
    field.value = String(wanted);
    if (wanted !== page) onGo(wanted);
  };
  return (
    <label className="page-field tabular small">
      <span className="visually-hidden">{t('source.page_number')}</span>
      <input
        key={page}
        className="field"
        inputMode="numeric"
        defaultValue={page}
        onKeyDown={(event) => {
          if (event.key === 'Enter') go(event.currentTarget);
        }}
        onBlur={(event) => go(event.currentTarget)}
      />
      <span>/ {count(pages)}</span>
    </label>
  );
}

function Foot({ drawn, pages }: { drawn: boolean; pages: number }) {
  const { target, targets, zoom, page, step, setZoom, stepZoom, goTo } = useSource();
  const at = target ? targets.indexOf(target) : -1;
  return (
    <footer className="source-foot">
      {targets.length > 0 && (
        <div className="stepper">
          <button
            type="button"
            className="icon-button"
            title={`${t('source.previous')} (Shift+F8)`}
            aria-label={t('source.previous')}
            onClick={() => step(-1)}
          >
            <ChevronLeft size={16} aria-hidden />
          </button>
          <span className="tabular small">{t('source.citation_of', { at: at + 1, n: targets.length })}</span>
          <button
            type="button"
            className="icon-button"
            title={`${t('source.next')} (F8)`}
            aria-label={t('source.next')}
            onClick={() => step(1)}
          >
            <ChevronRight size={16} aria-hidden />
          </button>
        </div>
      )}
      <span className="spacer" />
      <div className="stepper">
        <button
          type="button"
          className="icon-button"
          aria-label={t('source.previous_page')}
          title={t('source.previous_page')}
          disabled={page <= 1}
          onClick={() => goTo(page - 1)}
        >
          <ChevronLeft size={16} aria-hidden />
        </button>
        <PageField page={page} pages={pages} onGo={goTo} />
        <button
          type="button"
          className="icon-button"
          aria-label={t('source.next_page')}
          title={t('source.next_page')}
          disabled={page >= pages}
          onClick={() => goTo(page + 1)}
        >
          <ChevronRight size={16} aria-hidden />
        </button>
      </div>
      {drawn && (
        <div className="stepper">
          <button
            type="button"
            className="icon-button"
            aria-label={t('source.zoom_out')}
            title={t('source.zoom_out')}
            onClick={() => stepZoom(-1)}
          >
            <ZoomOut size={16} aria-hidden />
          </button>
          <button
            type="button"
            className="zoom-value tabular small"
            title={t('source.zoom_fit')}
            onClick={() => setZoom(1)}
          >
            {percent(zoom)}
          </button>
          <button
            type="button"
            className="icon-button"
            aria-label={t('source.zoom_in')}
            title={t('source.zoom_in')}
            onClick={() => stepZoom(1)}
          >
            <ZoomIn size={16} aria-hidden />
          </button>
        </div>
      )}
    </footer>
  );
}

/** At the end of a page the keys that scroll it turn it. */
function turnPage(event: KeyboardEvent<HTMLElement>): void {
  if (event.target !== event.currentTarget) return;
  const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
  const { page, goTo } = useSource.getState();
  const down = event.key === 'PageDown' || (event.key === ' ' && !event.shiftKey);
  if (down && scrollTop + clientHeight >= scrollHeight - 2) goTo(page + 1);
  else if (event.key === 'PageUp' && scrollTop <= 0) goTo(page - 1);
  else return;
  event.preventDefault();
}

/** The document beside the answer: the page itself with the passage marked, or its text. */
export function SourcePanel({ onClose }: { onClose: () => void }) {
  const { row, page, target, found, foundAt, zoom, thumbnails, searching, error, reading, open, readAgain } =
    useSource();
  const scroller = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState(400);
  const shown = row !== null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the element appears with the document
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setRoom(element.clientWidth - 32));
    observer.observe(element);
    return () => observer.disconnect();
  }, [shown]);
  // A page of a file that has changed cannot be drawn as it was: its text is shown.
  const drawn = row?.media_type === 'application/pdf' && !row.changed;
  const unread = row?.failed_pages.find((each) => each.page === page);
  const passage = useMemo(
    () =>
      target?.span && target.document === row?.id && target.page === page
        ? { span: target.span, quote: target.quote }
        : null,
    [target, row?.id, page],
  );
  useEffect(() => {
    const element = scroller.current;
    if (!element || !shown) return;
    const wheel = (event: WheelEvent): void => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      useSource.getState().stepZoom(event.deltaY < 0 ? 1 : -1);
    };
    element.addEventListener('wheel', wheel, { passive: false });
    return () => element.removeEventListener('wheel', wheel);
  }, [shown]);
  const here = useMemo(() => found.filter((each) => each.page === page).map((each) => each.span), [found, page]);
  const current = found[foundAt]?.page === page ? (found[foundAt]?.span ?? null) : null;
  return (
    <section className="source-panel" aria-label={t('source.title')}>
      <Head row={row} onClose={onClose} />
      {searching && row && <FindBar />}
      {row?.changed && (
        <p className="note small" role="note">
          <TriangleAlert size={14} aria-hidden className="tone-amber" />
          <span>{t('source.changed')}</span>
          <span className="spacer" />
          <button type="button" className="button small" disabled={reading} onClick={() => void readAgain()}>
            <RotateCcw size={14} aria-hidden />
            {t(reading ? 'source.reading_again' : 'source.read_again')}
          </button>
        </p>
      )}
      {unread && (
        <p className="note small" role="note">
          <TriangleAlert size={14} aria-hidden className="tone-amber" />
          {t('source.unread', { page })} <Words text={unread.reason} />
        </p>
      )}
      {error ? (
        <ErrorState error={error} {...(target && { onRetry: () => void open(target) })} />
      ) : row ? (
        <>
          <div className="source-body">
            {thumbnails && (
              <Thumbnails
                document={row.id}
                pages={row.pages}
                page={page}
                drawn={drawn}
                onGo={(number) => useSource.getState().goTo(number)}
              />
            )}
            <section
              ref={scroller}
              className="source-scroll"
              tabIndex={0}
              aria-label={t('source.page', { page })}
              onKeyDown={turnPage}
            >
              {drawn ? (
                <PageView
                  document={row.id}
                  number={page}
                  zoom={zoom}
                  room={room}
                  passage={passage}
                  found={here}
                  current={current}
                />
              ) : (
                <TextView document={row.id} number={page} passage={passage} found={here} current={current} />
              )}
            </section>
          </div>
          <Foot drawn={drawn} pages={row.pages} />
        </>
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
