import { Folder, LibraryBig, Plus, TriangleAlert } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { t } from '@/shared/i18n';
import { count } from '@/shared/text/format';
import { tameName } from '@/shared/text/tame';
import { EditMenu } from '@/shared/ui/EditMenu';
import { IconButton } from '@/shared/ui/IconButton';
import { InlineEdit } from '@/shared/ui/InlineEdit';
import { removeLine } from '@/shared/ui/removeLine';
import { useLibrary } from './store';

interface LineProperties {
  icon: ReactNode;
  name: string;
  amount: number | undefined;
  active: boolean;
  onSelect: () => void;
  onRename?: () => void;
  onDelete?: () => void;
  /** The field in its place while it is being named. */
  field?: ReactNode;
  children?: ReactNode;
}

function NavLine({ icon, name, amount, active, onSelect, onRename, onDelete, field, children }: LineProperties) {
  // The same line all along: the focus comes back to it.
  if (field) return <li>{field}</li>;
  return (
    <li className={active ? 'nav-line active' : 'nav-line'}>
      <button
        type="button"
        className="nav-button"
        aria-current={active ? 'page' : undefined}
        title={name}
        onClick={onSelect}
        onKeyDown={(event) => {
          if (event.key === 'F2') onRename?.();
          else if (event.key === 'Delete') onDelete?.();
        }}
      >
        {icon}
        <bdi className="clip">{name}</bdi>
        {amount !== undefined && <span className="nav-count tabular">{count(amount)}</span>}
      </button>
      {children}
    </li>
  );
}

/** The library's part of the side bar: everything, what needs attention, the collections, and the way in for files. */
export function LibraryNav({ active, onShow }: { active: boolean; onShow: () => void }) {
  const {
    summary,
    collections,
    query,
    naming,
    setNaming,
    setQuery,
    createCollection,
    renameCollection,
    deleteCollection,
  } = useLibrary();
  const [editing, setEditing] = useState<number | null>(null);
  const show = (collection: number | null, state: 'any' | 'problem' = 'any'): void => {
    setQuery({ collection, state });
    onShow();
  };
  return (
    <nav aria-label={t('library.title')}>
      <div className="nav-head">
        <h2>{t('library.title')}</h2>
        <IconButton label={t('collection.create')} onPress={() => setNaming(true)}>
          <Plus size={16} aria-hidden />
        </IconButton>
      </div>
      <ul className="nav-list">
        <NavLine
          icon={<LibraryBig size={16} aria-hidden />}
          name={t('library.all')}
          amount={summary?.documents}
          active={active && query.collection === null && query.state !== 'problem'}
          onSelect={() => show(null)}
        />
        {summary !== null && summary.failed > 0 && (
          <NavLine
            icon={<TriangleAlert size={16} aria-hidden className="tone-amber" />}
            name={t('library.problems')}
            amount={summary.failed}
            active={active && query.collection === null && query.state === 'problem'}
            onSelect={() => show(null, 'problem')}
          />
        )}
        {collections.map((collection) => (
          <NavLine
            key={collection.id}
            icon={<Folder size={16} aria-hidden />}
            name={tameName(collection.name)}
            amount={collection.documents}
            active={active && query.collection === collection.id}
            onSelect={() => show(collection.id)}
            onRename={() => setEditing(collection.id)}
            onDelete={() => void removeLine(() => deleteCollection(collection.id))}
            field={
              editing === collection.id && (
                <InlineEdit
                  value={collection.name}
                  label={t('collection.name')}
                  onCancel={() => setEditing(null)}
                  onCommit={(name) => {
                    setEditing(null);
                    void renameCollection(collection.id, name);
                  }}
                />
              )
            }
          >
            <EditMenu
              className="icon-button nav-more"
              label={t('collection.actions', { name: tameName(collection.name) })}
              onRename={() => setEditing(collection.id)}
              onDelete={() => void removeLine(() => deleteCollection(collection.id))}
            />
          </NavLine>
        ))}
        {naming && (
          <li>
            <InlineEdit
              value={t('collection.new')}
              fresh
              label={t('collection.name')}
              onCancel={() => setNaming(false)}
              onCommit={(name) => {
                setNaming(false);
                void createCollection(name, []);
              }}
            />
          </li>
        )}
      </ul>
    </nav>
  );
}
