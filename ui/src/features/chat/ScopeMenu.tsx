import { Check, Layers, ListChecks } from 'lucide-react';
import { useEffect, useState } from 'react';
import { backend, type Scope } from '@/ipc';
import { t } from '@/shared/i18n';
import { tameName } from '@/shared/text/tame';
import { MenuItem, Popover } from '@/shared/ui/Popover';
import { useChat } from './store';

/** Documents that are named before their number is enough. */
const NAMED = 3;

/** The names of the documents that are asked. */
function useNames(scope: Scope): string {
  const [names, setNames] = useState('');
  useEffect(() => {
    setNames('');
    if (scope.kind !== 'documents') return;
    let live = true;
    Promise.all(scope.ids.slice(0, NAMED).map((id) => backend().document(id)))
      .then((rows) => live && setNames(rows.map((row) => tameName(row.title)).join(', ')))
      // Their number says it too.
      .catch(() => undefined);
    return () => {
      live = false;
    };
  }, [scope]);
  return names;
}

interface Properties {
  collections: readonly { id: number; name: string; documents: number }[];
  /** Leads to where documents are chosen. */
  onChoose: () => void;
}

/** What is asked: everything, a collection, or some documents. Anything but everything stands out. */
export function ScopeMenu({ collections, onChoose }: Properties) {
  const scope = useChat((state) => state.scope);
  const each = useChat((state) => state.each);
  const { setScope, setEach } = useChat.getState();
  const chosen = useNames(scope);
  const collection = scope.kind === 'collection' ? collections.find((each) => each.id === scope.id) : undefined;
  const asked =
    scope.kind === 'all'
      ? t('chat.scope_all')
      : scope.kind === 'collection'
        ? tameName(collection?.name ?? '')
        : t('chat.scope_documents', { n: scope.ids.length });
  const name = each ? t('chat.scope_each', { name: asked }) : asked;
  return (
    <Popover
      kind="menu"
      className={scope.kind === 'all' && !each ? 'button quiet small scope' : 'button quiet small scope narrowed'}
      label={t('chat.scope', { name })}
      {...(chosen && { title: chosen })}
      trigger={
        <>
          <Layers size={14} aria-hidden />
          <bdi className="clip">{name}</bdi>
        </>
      }
    >
      <MenuItem
        icon={scope.kind === 'all' && <Check size={16} />}
        chosen={scope.kind === 'all'}
        onSelect={() => setScope({ kind: 'all' })}
      >
        {t('chat.scope_all')}
      </MenuItem>
      {collections.map((each) => (
        <MenuItem
          key={each.id}
          icon={each.id === collection?.id && <Check size={16} />}
          chosen={each.id === collection?.id}
          onSelect={() => setScope({ kind: 'collection', id: each.id })}
        >
          {tameName(each.name)}
        </MenuItem>
      ))}
      {scope.kind === 'documents' && (
        <MenuItem icon={<Check size={16} />} chosen onSelect={() => undefined}>
          <bdi className="clip">
            {t('chat.scope_documents', { n: scope.ids.length })}
            {chosen && `: ${chosen}`}
          </bdi>
        </MenuItem>
      )}
      <MenuItem icon={<ListChecks size={16} />} onSelect={onChoose}>
        {t('chat.scope_choose')}
      </MenuItem>
      <MenuItem icon={each && <Check size={16} />} checked={each} onSelect={() => setEach(!each)}>
        {t('chat.each')}
      </MenuItem>
    </Popover>
  );
}
