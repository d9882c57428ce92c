import { Folder, FolderPlus, MessageSquare, MoreHorizontal, RotateCcw, Trash2 } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { t } from '@/shared/i18n';
import { tameName } from '@/shared/text/tame';
import { InlineEdit } from '@/shared/ui/InlineEdit';
import { MenuItem, Popover } from '@/shared/ui/Popover';
import { canAsk, canRetry } from './states';
import { useLibrary } from './store';

/** The collections that what is selected can be put into, and a new one. */
function Collections({ onName }: { onName: () => void }) {
  const { collections, selected, addToCollection } = useLibrary();
  return (
    <>
      {collections.map(({ id, name }) => (
        <MenuItem key={id} icon={<Folder size={16} />} onSelect={() => void addToCollection(id, [...selected])}>
          {tameName(name)}
        </MenuItem>
      ))}
      <MenuItem icon={<FolderPlus size={16} />} onSelect={onName}>
        {t('collection.create_named')}
      </MenuItem>
    </>
  );
}

interface ActionProperties {
  icon: ReactNode;
  label: string;
  primary?: boolean;
  disabled?: boolean;
  onPress: () => void;
}

function Action({ icon, label, primary = false, disabled = false, onPress }: ActionProperties) {
  return (
    <button
      type="button"
      className={primary ? 'button primary' : 'button'}
      title={label}
      disabled={disabled}
      onClick={onPress}
    >
      {icon}
      <span className="label">{label}</span>
    </button>
  );
}

/** What can be done with all that are selected: as buttons, and in a menu where there is no room for more than one. */
export function Selection({ onAsk }: { onAsk: (documents: number[]) => void }) {
  const { rows, selected, retry, remove, createCollection } = useLibrary();
  const [naming, setNaming] = useState(false);
  const ids = [...selected];
  const retried = canRetry(rows, selected);
  const name = (): void => setNaming(true);
  return (
    <div className="selection">
      <span className="quiet tabular selected-count" role="status">
        {t('library.selected', { n: selected.size })}
      </span>
      <Action
        primary
        icon={<MessageSquare size={16} aria-hidden />}
        label={t('library.ask_selected')}
        disabled={!canAsk(rows, selected)}
        onPress={() => onAsk(ids)}
      />
      <span className="selection-collection">
        {naming ? (
          <InlineEdit
            value={t('collection.new')}
            fresh
            label={t('collection.name')}
            onCancel={() => setNaming(false)}
            onCommit={(given) => {
              setNaming(false);
              void createCollection(given, ids);
            }}
          />
        ) : (
          <>
            <span className="selection-wide">
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
                <Collections onName={name} />
              </Popover>
            </span>
            <span className="selection-narrow">
              <Popover
                kind="menu"
                className="icon-button"
                label={t('library.selected_actions')}
                trigger={<MoreHorizontal size={16} aria-hidden />}
              >
                <Collections onName={name} />
                {retried && (
                  <MenuItem icon={<RotateCcw size={16} />} onSelect={() => void retry(ids)}>
                    {t('action.retry')}
                  </MenuItem>
                )}
                <MenuItem icon={<Trash2 size={16} />} danger onSelect={() => void remove(ids)}>
                  {t('action.remove')}
                </MenuItem>
              </Popover>
            </span>
          </>
        )}
      </span>
      <span className="selection-wide">
        {retried && (
          <Action
            icon={<RotateCcw size={16} aria-hidden />}
            label={t('action.retry')}
            onPress={() => void retry(ids)}
          />
        )}
        <Action icon={<Trash2 size={16} aria-hidden />} label={t('action.remove')} onPress={() => void remove(ids)} />
      </span>
    </div>
  );
}
