import { LoaderCircle, RotateCcw, SquarePen } from 'lucide-react';
import { memo, useState } from 'react';
import { useShallow } from 'zustand/react/shallow';
import type { ConversationRow } from '@/ipc';
import { t } from '@/shared/i18n';
import { dateTime } from '@/shared/text/format';
import { tameName } from '@/shared/text/tame';
import { IconButton } from '@/shared/ui/IconButton';
import { InlineEdit } from '@/shared/ui/InlineEdit';
import { removeLine } from '@/shared/ui/removeLine';
import { SearchField } from '@/shared/ui/SearchField';
import { ErrorText } from '@/shared/ui/states';
import { byAge } from './age';
import { ConversationMenu } from './ConversationMenu';
import { listed } from './list';
import { isWriting } from './state';
import { useChat } from './store';

/** How many conversations are listed before a search is the better way. */
const LISTED = 200;

interface LineProperties {
  conversation: ConversationRow;
  active: boolean;
  onShow: () => void;
}

/** One conversation: opened, renamed, and what else its menu offers. */
const Line = memo(function Line({ conversation: { id, title, updated_at_ms }, active, onShow }: LineProperties) {
  const { open, rename, remove } = useChat.getState();
  const writing = useChat((state) => state.elsewhere?.id === id || (state.id === id && isWriting(state)));
  const [editing, setEditing] = useState(false);
  const name = tameName(title);
  if (editing)
    return (
      <li>
        <InlineEdit
          value={title}
          label={t('chat.title')}
          onCancel={() => setEditing(false)}
          onCommit={(changed) => {
            setEditing(false);
            void rename(id, changed);
          }}
        />
      </li>
    );
  return (
    <li className={active ? 'nav-line active' : 'nav-line'}>
      <button
        type="button"
        className="nav-button"
        aria-current={active ? 'page' : undefined}
        title={`${name}\n${dateTime(updated_at_ms)}`}
        onClick={() => {
          void open(id);
          onShow();
        }}
        onKeyDown={(event) => {
          if (event.key === 'F2') setEditing(true);
          else if (event.key === 'Delete') void removeLine(() => remove(id));
        }}
      >
        <bdi className="clip">{name}</bdi>
        {writing && (
          <span className="nav-count" title={t('chat.writing')}>
            <LoaderCircle size={14} className="turning" aria-label={t('chat.writing')} />
          </span>
        )}
      </button>
      <ConversationMenu
        id={id}
        className="icon-button nav-more"
        label={t('chat.actions_of', { name })}
        onRename={() => setEditing(true)}
      />
    </li>
  );
});

/** The conversations in the side bar: newest first, by their age; searched, renamed, deleted with a way back. */
export function ConversationNav({
  active,
  onShow,
  onNew,
}: {
  active: boolean;
  onShow: () => void;
  /** Begins a conversation. */
  onNew: () => void;
}) {
  const { all, rows, search, listError, id } = useChat(
    useShallow((state) => ({
      all: state.conversations?.length ?? 0,
      rows: listed(state),
      search: state.search,
      listError: state.listError,
      id: state.id,
    })),
  );
  const { setSearch, loadList } = useChat.getState();
  const groups = byAge(rows?.slice(0, LISTED) ?? [], Date.now());
  return (
    <nav className="conversation-nav" aria-label={t('chat.conversations')}>
      <div className="nav-head">
        <h2>{t('chat.conversations')}</h2>
        <IconButton label={t('chat.new')} onPress={onNew}>
          <SquarePen size={16} aria-hidden />
        </IconButton>
      </div>
      {(search !== '' || all > 4) && (
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
      {rows === null && !listError && (
        <p className="nav-empty small quiet" role="status">
          {t('chat.list_loading')}
        </p>
      )}
      {rows?.length === 0 && <p className="nav-empty small quiet">{t(search ? 'chat.no_match' : 'chat.none')}</p>}
      {groups.map(({ age, rows: aged }) => (
        <section key={age} aria-label={t(`age.${age}`)}>
          {groups.length > 1 && <h3 className="nav-group">{t(`age.${age}`)}</h3>}
          <ul className="nav-list">
            {aged.map((conversation) => (
              <Line
                key={conversation.id}
                conversation={conversation}
                active={active && conversation.id === id}
                onShow={onShow}
              />
            ))}
          </ul>
        </section>
      ))}
      {rows && rows.length > LISTED && (
        <p className="nav-empty small quiet">{t('chat.more', { n: rows.length - LISTED })}</p>
      )}
    </nav>
  );
}
