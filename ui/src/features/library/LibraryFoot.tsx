import { FilePlus, FolderPlus, Plus } from 'lucide-react';
import { t } from '@/shared/i18n';
import { MenuItem, Popover } from '@/shared/ui/Popover';
import { IngestStatus } from './IngestStatus';
import { useLibrary } from './store';

/** The foot of the side bar: where files go in, and how far the queue is. */
export function LibraryFoot({ progress }: { progress: boolean }) {
  const pick = useLibrary((state) => state.pick);
  return (
    <div className="library-foot">
      {progress && <IngestStatus />}
      <Popover
        kind="menu"
        className="drop-button"
        trigger={
          <>
            <Plus size={16} aria-hidden />
            {t('library.drop_here')}
          </>
        }
      >
        <MenuItem icon={<FilePlus size={16} />} onSelect={() => void pick('files')}>
          {t('library.add_files')}
        </MenuItem>
        <MenuItem icon={<FolderPlus size={16} />} onSelect={() => void pick('folder')}>
          {t('library.add_folder')}
        </MenuItem>
      </Popover>
    </div>
  );
}
