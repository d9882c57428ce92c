import { RotateCcw, SquarePen } from 'lucide-react';
import { useState } from 'react';
import { t } from '@/shared/i18n';
import { tameName } from '@/shared/text/tame';
import { InlineEdit } from '@/shared/ui/InlineEdit';
import { SearchField } from '@/shared/ui/SearchField';
import { ErrorText } from '@/shared/ui/states';
import { ConversationMenu } from './ConversationMenu';
import { useChat } from './store';

/** How many conversations are listed before a search is the better way. */
const LISTED = 200;

/** The conversations in the side bar: newest first, searched, renamed, deleted with a way back. */
export function ConversationNav({ active, onShow }: { active: boolean; onShow: () => void }) {
  const { conversations, search, listError, id, setSearch, loadList, open, startNew, rename } = useChat();
  const [editing, setEditing] = useState<number | null>(null);
  return (
    <nav className="conversation-nav" aria-label={t('chat.conversations')}>
      <div className="nav-head">
        <h2>{t('chat.conversations')}</h2>
        <button
          type="button"
          className="icon-button"
          title={t('chat.new')}
          aria-label={t('chat.new')}
          onClick={() => {
            startNew();
            onShow();
          }}
        >
          <SquarePen size={16} aria-hidden />
        </button>
      </div>
      {(search !== '' || (conversations?.length ?? 0) > 4) && (
        <SearchField className="nav-search" label={t('chat.search')} value={search} onChange={setSearch} />
      )}
      {listError && (
        <div className="nav-empty small" role="alert">
          <ErrorText error={listError} />
          <button type="button" className="button small" onClick={() => void loadList()}>
            <RotateCcw size={14} aria-hidden />
            {t('action.retry')}
          </button>
        </div>
      )}
      {conversations === null && !listError && (
        <p className="nav-empty small quiet" role="status">
          {t('chat.list_loading')}
        </p>
      )}
      {conversations?.length === 0 && (
        <p className="nav-empty small quiet">{t(search ? 'chat.no_match' : 'chat.none')}</p>
      )}
      <ul className="nav-list">
        {conversations?.slice(0, LISTED).map((conversation) => (
          <li key={conversation.id} className={active && conversation.id === id ? 'nav-line active' : 'nav-line'}>
            {editing === conversation.id ? (
              <InlineEdit
                value={conversation.title}
                label={t('chat.title')}
                onCancel={() => setEditing(null)}
                onCommit={(title) => {
                  setEditing(null);
                  void rename(conversation.id, title);
                }}
              />
            ) : (
              <>
                <button
                  type="button"
                  className="nav-button"
                  aria-current={active && conversation.id === id ? 'page' : undefined}
                  onClick={() => {
                    void open(conversation.id);
                    onShow();
                  }}
                >
                  <bdi className="clip">{tameName(conversation.title)}</bdi>
                </button>
                <ConversationMenu
                  id={conversation.id}
                  className="icon-button nav-more"
                  label={t('chat.actions_of', { name: tameName(conversation.title) })}
                  onRename={() => setEditing(conversation.id)}
                />
              </>
            )}
          </li>
        ))}
      </ul>
      {(conversations?.length ?? 0) > LISTED && (
        <p className="nav-empty small quiet">{t('chat.more', { n: (conversations?.length ?? 0) - LISTED })}</p>
      )}
    </nav>
  );
}
