import { Settings } from 'lucide-react';
import { ConversationNav } from '@/features/chat/ConversationNav';
import { LibraryFoot } from '@/features/library/LibraryFoot';
import { LibraryNav } from '@/features/library/LibraryNav';
import { t } from '@/shared/i18n';
import { newConversation } from './actions';
import { useLayout } from './layout';

/** Library above, conversations below, the way in for files at the foot. */
export function Sidebar() {
  const { view, show } = useLayout();
  return (
    <aside className="sidebar" aria-label={t('app.sidebar')}>
      <div className="sidebar-scroll">
        <LibraryNav active={view === 'library'} onShow={() => show('library')} />
        <ConversationNav active={view === 'chat'} onShow={() => show('chat')} onNew={newConversation} />
      </div>
      <div className="sidebar-foot">
        {/* The library's own page says how far the queue is. */}
        <LibraryFoot progress={view !== 'library'} />
        <button
          type="button"
          className={view === 'settings' ? 'nav-button foot-button active' : 'nav-button foot-button'}
          aria-current={view === 'settings' ? 'page' : undefined}
          onClick={() => show('settings')}
        >
          <Settings size={16} aria-hidden />
          {t('settings.title')}
        </button>
      </div>
    </aside>
  );
}
