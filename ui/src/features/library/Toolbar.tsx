import { Folder, FolderPlus, MessageSquare, RotateCcw, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { DOCUMENT_STATES, type DocumentQuery } from '@/ipc';
import { t } from '@/shared/i18n';
import { count } from '@/shared/text/format';
import { tameName } from '@/shared/text/tame';
import { InlineEdit } from '@/shared/ui/InlineEdit';
import { MenuItem, Popover } from '@/shared/ui/Popover';
import { SearchField } from '@/shared/ui/SearchField';
import { canRetry } from './states';
import { useLibrary } from './store';

/** Puts what is selected into a collection, an old one or a new. */
function CollectionMenu() {
  const { collections, selected, createCollection, addToCollection } = useLibrary();
  const [naming, setNaming] = useState(false);
  if (naming)
    return (
      <InlineEdit
        value={t('collection.new')}
        fresh
        label={t('collection.name')}
        onCancel={() => setNaming(false)}
        onCommit={(name) => {
          setNaming(false);
          void createCollection(name, [...selected]);
        }}
      />
    );
  return (
    <Popover
      kind="menu"
      title={t('collection.from_selection')}
      trigger={
        <>
          <FolderPlus size={16} aria-hidden />
          <span className="label">{t('collection.from_selection')}</span>
        </>
      }
    >
      {collections.map(({ id, name }) => (
        <MenuItem key={id} icon={<Folder size={16} />} onSelect={() => void addToCollection(id, [...selected])}>
          {tameName(name)}
        </MenuItem>
      ))}
      <MenuItem icon={<FolderPlus size={16} />} onSelect={() => setNaming(true)}>
        {t('collection.create_named')}
      </MenuItem>
    </Popover>
  );
}

/** What can be done with all that are selected. */
function Selection({ onAsk }: { onAsk: (documents: number[]) => void }) {
  const { rows, selected, retry, remove } = useLibrary();
  const ids = [...selected];
  return (
    <>
      <span className="quiet tabular" role="status">
        {t('library.selected', { n: selected.size })}
      </span>
      <button type="button" className="button primary" title={t('library.ask_selected')} onClick={() => onAsk(ids)}>
        <MessageSquare size={16} aria-hidden />
        <span className="label">{t('library.ask_selected')}</span>
      </button>
      <CollectionMenu />
      {canRetry(rows, selected) && (
        <button type="button" className="button" title={t('action.retry')} onClick={() => void retry(ids)}>
          <RotateCcw size={16} aria-hidden />
          <span className="label">{t('action.retry')}</span>
        </button>
      )}
      <button type="button" className="button" title={t('action.remove')} onClick={() => void remove(ids)}>
        <Trash2 size={16} aria-hidden />
        <span className="label">{t('action.remove')}</span>
      </button>
    </>
  );
}

/** Search and filter of the list, and what can be done with it. */
export function Toolbar({ onAsk }: { onAsk: (documents: number[]) => void }) {
  const { summary, query, selected, setQuery, retry } = useLibrary();
  return (
    <div className="toolbar">
      <SearchField label={t('library.search')} value={query.search} onChange={(search) => setQuery({ search })} />
      <label className="select-field">
        <span className="visually-hidden">{t('library.filter')}</span>
        <select
          value={query.state}
          onChange={(event) => setQuery({ state: event.target.value as DocumentQuery['state'] })}
        >
          <option value="any">{t('library.any_state')}</option>
          <option value="problem">{t('library.problems')}</option>
          {DOCUMENT_STATES.map((state) => (
            <option key={state} value={state}>
              {t(`state.${state}`)}
            </option>
          ))}
        </select>
      </label>
      <div className="spacer" />
      {selected.size > 0 ? (
        <Selection onAsk={onAsk} />
      ) : (
        summary !== null &&
        summary.failed > 0 && (
          <button type="button" className="button" onClick={() => void retry('all')}>
            <RotateCcw size={16} aria-hidden />
            {t('library.retry_failed', { n: count(summary.failed) })}
          </button>
        )
      )}
    </div>
  );
}
