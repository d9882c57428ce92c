import { Settings } from 'lucide-react';
import type { KeyboardEvent } from 'react';
import { ConversationNav } from '@/features/chat/ConversationNav';
import { LibraryFoot } from '@/features/library/LibraryFoot';
import { LibraryNav } from '@/features/library/LibraryNav';
import { t } from '@/shared/i18n';
import { newConversation } from './actions';
import { useLayout } from './layout';

/** Arrows, Home and End go from line to line: there may be hundreds, each with a menu beside it. */
function moveKeys(event: KeyboardEvent<HTMLElement>): void {
  if (event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return;
  const lines = [...event.currentTarget.querySelectorAll<HTMLElement>('.nav-button')];
  const at = lines.indexOf(event.target as HTMLElement);
  const places: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: lines.length - 1 };
  const place = places[event.key];
  if (at < 0 || place === undefined) return;
  lines[Math.max(0, Math.min(lines.length - 1, place))]?.focus();
  event.preventDefault();
}

/** Library above, conversations below, the way in for files at the foot. */
export function Sidebar() {
  const { view, show } = useLayout();
  return (
    <aside className="sidebar" aria-label={t('app.sidebar')}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the lines in it have the focus */}
      <div className="sidebar-scroll" onKeyDown={moveKeys}>
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
