import { FilePlus } from 'lucide-react';
import { t } from '@/shared/i18n';
import { useLibrary } from './store';

/** Covers the window while files hang over it. */
export function DropTarget() {
  const dropping = useLibrary((state) => state.dropping);
  if (!dropping) return null;
  return (
    <div className="drop-target" role="status">
      <div className="drop-card">
        <FilePlus size={28} aria-hidden />
        <p>{t('library.drop_now')}</p>
        <p className="quiet small">{t('library.drop_local')}</p>
      </div>
    </div>
  );
}
