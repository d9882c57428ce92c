import { FileX, RotateCcw, ScanText, TriangleAlert } from 'lucide-react';
import type { DocumentRow } from '@/ipc';
import { t } from '@/shared/i18n';
import { Told } from '@/shared/ui/Told';
import { useSource } from './store';
import { usePageText } from './usePage';

/** What has to be known of the document that is shown: it is gone, its file has changed, or this page was not read as it is written. */
export function Notes({ row, page }: { row: DocumentRow; page: number }) {
  const { reading, removed, readAgain, lookAgain } = useSource();
  const { page: read } = usePageText(row.id, page);
  const again = reading.has(row.id);
  const unread = row.failed_pages.find((each) => each.page === page);
  return (
    <>
      {removed && (
        <p className="note small" role="alert">
          <FileX size={14} aria-hidden className="tone-amber" />
          <span>{t('source.removed')}</span>
          <span className="spacer" />
          <button type="button" className="button small" onClick={() => void lookAgain()}>
            <RotateCcw size={14} aria-hidden />
            {t('source.look_again')}
          </button>
        </p>
      )}
      {row.changed && !removed && (
        <p className="note small" role="note">
          <TriangleAlert size={14} aria-hidden className="tone-amber" />
          <span>{t('source.changed')}</span>
          <span className="spacer" />
          <button type="button" className="button small" disabled={again} onClick={() => void readAgain()}>
            <RotateCcw size={14} aria-hidden />
            {t(again ? 'source.reading_again' : 'source.read_again')}
          </button>
        </p>
      )}
      {read?.recognised && (
        <p className="note small" role="note">
          <ScanText size={14} aria-hidden className="tone-amber" />
          <span>{t('source.recognised')}</span>
        </p>
      )}
      {unread && (
        <p className="note small" role="note">
          <TriangleAlert size={14} aria-hidden className="tone-amber" />
          <span>
            {t('source.unread', { page })} <Told text={unread.reason} />
          </span>
        </p>
      )}
    </>
  );
}
