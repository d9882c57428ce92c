import { BookOpen, ExternalLink, FolderOpen, FolderPlus, MessageSquare, RotateCcw, Trash2 } from 'lucide-react';
import { backend, type DocumentRow } from '@/ipc';
import { t } from '@/shared/i18n';
import { tameName } from '@/shared/text/tame';
import { MenuItem } from '@/shared/ui/Popover';
import { attempt } from '@/shared/ui/toasts';
import { canAsk, canRetry } from './states';
import { useLibrary } from './store';

interface Properties {
  row: DocumentRow;
  onOpen: (row: DocumentRow) => void;
  onAsk: (rows: number[]) => void;
}

/** What can be done with one document, or with all that are selected. */
export function DocumentMenu({ row, onOpen, onAsk }: Properties) {
  const { rows, selected, collections, query, retry, remove, addToCollection, removeFromCollection } = useLibrary();
  const meant = selected.has(row.id) ? selected : new Set([row.id]);
  const ids = [...meant];
  const run = (action: () => unknown) => () => void action();
  return (
    <>
      <MenuItem icon={<BookOpen size={16} />} disabled={row.state !== 'ready'} onSelect={run(() => onOpen(row))}>
        {t('library.read')}
      </MenuItem>
      <MenuItem icon={<MessageSquare size={16} />} disabled={!canAsk(rows, meant)} onSelect={run(() => onAsk(ids))}>
        {t('library.ask_only', { n: ids.length })}
      </MenuItem>
      <MenuItem icon={<ExternalLink size={16} />} onSelect={run(() => attempt(() => backend().openDocument(row.id)))}>
        {t('library.open_system')}
      </MenuItem>
      <MenuItem icon={<FolderOpen size={16} />} onSelect={run(() => attempt(() => backend().revealDocument(row.id)))}>
        {t('library.reveal')}
      </MenuItem>
      {canRetry(rows, meant) && (
        <MenuItem icon={<RotateCcw size={16} />} onSelect={run(() => retry(ids))}>
          {t('action.retry')}
        </MenuItem>
      )}
      {collections.map((collection) => (
        <MenuItem
          key={collection.id}
          icon={<FolderPlus size={16} />}
          onSelect={run(() =>
            query.collection === collection.id
              ? removeFromCollection(collection.id, ids)
              : addToCollection(collection.id, ids),
          )}
        >
          {t(query.collection === collection.id ? 'library.remove_from' : 'library.add_to', {
            name: tameName(collection.name),
          })}
        </MenuItem>
      ))}
      <MenuItem icon={<Trash2 size={16} />} danger onSelect={run(() => remove(ids))}>
        {t('library.remove', { n: ids.length })}
      </MenuItem>
    </>
  );
}
