import { FilePlus, Folder, FolderPlus, LibraryBig, Plus, TriangleAlert } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { t } from '@/shared/i18n';
import { count } from '@/shared/text/format';
import { tameName } from '@/shared/text/tame';
import { EditMenu } from '@/shared/ui/EditMenu';
import { InlineEdit } from '@/shared/ui/InlineEdit';
import { MenuItem, Popover } from '@/shared/ui/Popover';
import { IngestStatus } from './IngestStatus';
import { useLibrary } from './store';

interface LineProperties {
  icon: ReactNode;
  name: string;
  amount: number | undefined;
  active: boolean;
  onSelect: () => void;
  children?: ReactNode;
}

function NavLine({ icon, name, amount, active, onSelect, children }: LineProperties) {
  return (
    <li className={active ? 'nav-line active' : 'nav-line'}>
      <button type="button" className="nav-button" aria-current={active ? 'page' : undefined} onClick={onSelect}>
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
        <button
          type="button"
          className="icon-button"
          title={t('collection.create')}
          aria-label={t('collection.create')}
          onClick={() => setNaming(true)}
        >
          <Plus size={16} aria-hidden />
        </button>
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
            active={active && query.state === 'problem'}
            onSelect={() => show(null, 'problem')}
          />
        )}
        {collections.map((collection) =>
          editing === collection.id ? (
            <li key={collection.id}>
              <InlineEdit
                value={collection.name}
                label={t('collection.name')}
                onCancel={() => setEditing(null)}
                onCommit={(name) => {
                  setEditing(null);
                  void renameCollection(collection.id, name);
                }}
              />
            </li>
          ) : (
            <NavLine
              key={collection.id}
              icon={<Folder size={16} aria-hidden />}
              name={tameName(collection.name)}
              amount={collection.documents}
              active={active && query.collection === collection.id}
              onSelect={() => show(collection.id)}
            >
              <EditMenu
                className="icon-button nav-more"
                label={t('collection.actions', { name: tameName(collection.name) })}
                onRename={() => setEditing(collection.id)}
                onDelete={() => void deleteCollection(collection.id)}
              />
            </NavLine>
          ),
        )}
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
