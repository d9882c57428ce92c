import { CircleCheck, FilePlus, Folder, FolderPlus, LibraryBig, ScanText, SearchX } from 'lucide-react';
import type { ReactNode } from 'react';
import type { DocumentQuery, DocumentRow } from '@/ipc';
import { t } from '@/shared/i18n';
import { tameName } from '@/shared/text/tame';
import { EmptyState, ErrorState, ErrorText } from '@/shared/ui/states';
import { Told } from '@/shared/ui/Told';
import { useLate } from '@/shared/ui/useLate';
import { DocumentTable } from './DocumentTable';
import { IngestStatus } from './IngestStatus';
import { LanguageBanner } from './LanguageBanner';
import { StaleBanner } from './StaleBanner';
import { useLibrary } from './store';
import { Toolbar } from './Toolbar';

interface Actions {
  onOpen: (row: DocumentRow) => void;
  onAsk: (documents: number[]) => void;
}

interface Properties extends Actions {
  onChooseEmbedder: () => void;
  /** Scans are to be read from now on. */
  onRecognise: () => void;
}

function Loading() {
  return (
    <p className="state-view quiet" role="status">
      {t('library.loading')}
    </p>
  );
}

/** A list without documents: nothing needs attention, a collection has none yet, or nothing fits what is looked for. */
function Nothing({
  query: { search, state, collection },
  children,
}: {
  query: Pick<DocumentQuery, 'search' | 'state' | 'collection'>;
  children: ReactNode;
}) {
  const [Icon, about] =
    search.trim() !== ''
      ? ([SearchX, 'no_match'] as const)
      : collection !== null && state === 'any'
        ? ([Folder, 'empty_collection'] as const)
        : collection === null && state === 'problem'
          ? ([CircleCheck, 'no_problems'] as const)
          : ([SearchX, 'no_match'] as const);
  return (
    <EmptyState icon={<Icon size={20} />} title={t(`library.${about}`)} text={t(`library.${about}_text`)}>
      {children}
    </EmptyState>
  );
}

function Body({ onOpen, onAsk }: Actions) {
  const { summary, shown, total, error, reload, setQuery } = useLibrary();
  if (error && total === null) return <ErrorState error={error} onRetry={() => void reload()} />;
  if (total === null) return <Loading />;
  if (summary?.documents === 0) return <EmptyLibrary />;
  if (total === 0)
    return (
      <Nothing query={shown}>
        <button
          type="button"
          className="button"
          onClick={() => setQuery({ search: '', state: 'any', collection: null })}
        >
          {t('library.show_all')}
        </button>
      </Nothing>
    );
  return <DocumentTable onOpen={onOpen} onAsk={onAsk} />;
}

/** In the place of what needs documents: the invitation, once they were counted, or why they could not be. */
export function WithoutDocuments() {
  const { summary, error, reload } = useLibrary();
  const late = useLate(summary === null);
  if (summary) return <EmptyLibrary />;
  if (error) return <ErrorState error={error} onRetry={() => void reload()} />;
  return late ? <Loading /> : null;
}

/** The invitation of a library without documents. */
function EmptyLibrary() {
  const { pick, addSamples } = useLibrary();
  return (
    <EmptyState icon={<LibraryBig size={28} />} title={t('library.empty_title')} text={t('library.empty_text')}>
      <button type="button" className="button primary" onClick={() => void pick('files')}>
        <FilePlus size={16} aria-hidden />
        {t('library.add_files')}
      </button>
      <button type="button" className="button" onClick={() => void pick('folder')}>
        <FolderPlus size={16} aria-hidden />
        {t('library.add_folder')}
      </button>
      <button type="button" className="button" onClick={() => void addSamples()}>
        {t('library.add_samples')}
      </button>
    </EmptyState>
  );
}

/** Pages that could not be read and are named. */
const PAGES = 20;

/** The whole reason and remedy of the one selected document: its line has room for the beginning only. */
function SelectedReason({ onRecognise }: { onRecognise: () => void }) {
  const { rows, selected } = useLibrary();
  const row = selected.size === 1 ? [...rows.values()].find((each) => selected.has(each.id)) : undefined;
  if (!row || (!row.error && row.failed_pages.length === 0)) return null;
  const more = row.failed_pages.length - PAGES;
  return (
    <aside className="selected-reason small" aria-label={tameName(row.title)}>
      {row.error && <ErrorText error={row.error} />}
      {row.error?.code === 'no_text' && (
        <button type="button" className="button small" onClick={onRecognise}>
          <ScanText size={14} aria-hidden />
          {t('library.recognise')}
        </button>
      )}
      {row.failed_pages.slice(0, PAGES).map(({ page, reason }) => (
        <p key={page}>
          {t('source.page', { page })}: <Told text={reason} />
        </p>
      ))}
      {more > 0 && <p className="quiet">{t('library.more_pages', { n: more })}</p>}
    </aside>
  );
}

/** The library as a page: search, filter, sort, act on what is selected. */
export function LibraryPage({ onOpen, onAsk, onChooseEmbedder, onRecognise }: Properties) {
  const { query, shown, collections, total, pick } = useLibrary();
  const late = useLate(total !== null && query !== shown);
  const collection = collections.find((each) => each.id === query.collection);
  const title = collection
    ? tameName(collection.name)
    : t(query.state === 'problem' ? 'library.problems' : 'library.all');
  return (
    <section className="page library-page" aria-labelledby="library-title">
      <header className="page-head">
        <h1 id="library-title" className="clip" title={title}>
          {title}
        </h1>
        {late ? (
          <span className="quiet library-count" role="status">
            {t('library.loading')}
          </span>
        ) : (
          total !== null && <span className="quiet tabular library-count">{t('library.count', { n: total })}</span>
        )}
        <div className="spacer" />
        <button type="button" className="button" title={t('library.add_folder')} onClick={() => void pick('folder')}>
          <FolderPlus size={16} aria-hidden />
          <span className="label">{t('library.add_folder')}</span>
        </button>
        <button
          type="button"
          className="button primary"
          title={t('library.add_files')}
          onClick={() => void pick('files')}
        >
          <FilePlus size={16} aria-hidden />
          <span className="label">{t('library.add_files')}</span>
        </button>
      </header>
      <Toolbar onAsk={onAsk} />
      <IngestStatus wide />
      <LanguageBanner onChoose={onChooseEmbedder} />
      <StaleBanner />
      <Body onOpen={onOpen} onAsk={onAsk} />
      <SelectedReason onRecognise={onRecognise} />
    </section>
  );
}
