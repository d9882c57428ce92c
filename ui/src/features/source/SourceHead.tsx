import { ExternalLink, PanelLeft, Quote, Search, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { backend, type DocumentRow } from '@/ipc';
import { t } from '@/shared/i18n';
import { tameName } from '@/shared/text/tame';
import { copyText } from '@/shared/ui/copyText';
import { IconButton } from '@/shared/ui/IconButton';
import { attempt } from '@/shared/ui/toasts';
import { passageWithSource } from './passage';
import { useSource } from './store';

/** The document's name and what can be done with it. */
export function SourceHead({ row, ask, onClose }: { row: DocumentRow | null; ask?: ReactNode; onClose: () => void }) {
  const { thumbnails, searching, target, toggleThumbnails, setSearching } = useSource();
  const passage = row && passageWithSource(row, target);
  return (
    <header className="source-head">
      {row && (
        <IconButton label={t('source.thumbnails')} pressed={thumbnails} onPress={toggleThumbnails}>
          <PanelLeft size={16} aria-hidden />
        </IconButton>
      )}
      <h2 className="clip">
        <bdi title={row ? tameName(row.path) : ''}>{row ? tameName(row.title) : t('source.title')}</bdi>
      </h2>
      <span className="spacer" />
      {row && ask}
      {passage !== null && (
        <IconButton label={t('source.copy_passage')} onPress={() => copyText(passage)}>
          <Quote size={16} aria-hidden />
        </IconButton>
      )}
      {row && (
        <>
          <IconButton label={t('source.search')} pressed={searching} onPress={() => setSearching(!searching)}>
            <Search size={16} aria-hidden />
          </IconButton>
          <IconButton
            label={t('library.open_system')}
            onPress={() => void attempt(() => backend().openDocument(row.id))}
          >
            <ExternalLink size={16} aria-hidden />
          </IconButton>
        </>
      )}
      <IconButton label={t('source.close')} onPress={onClose}>
        <X size={16} aria-hidden />
      </IconButton>
    </header>
  );
}
