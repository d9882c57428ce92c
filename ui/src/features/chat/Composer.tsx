import { Check, CornerDownLeft, Layers, ListChecks, Square, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { backend, type Scope } from '@/ipc';
import { t } from '@/shared/i18n';
import { tameName } from '@/shared/text/tame';
import { MenuItem, Popover } from '@/shared/ui/Popover';
import { useChat } from './store';

/** Documents that are named before their number is enough. */
const NAMED = 3;

interface Properties {
  /** Leads to where documents are chosen. */
  onChoose: () => void;
  documents: number;
  collections: readonly { id: number; name: string; documents: number }[];
}

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

/** Where questions are written: Enter asks, Shift+Enter makes a new line, Escape stops. */
export function Composer({ documents, collections, onChoose }: Properties) {
  const { draft, scope, running, editing, setDraft, setScope, ask, stop } = useChat();
  const field = useRef<HTMLTextAreaElement>(null);
  const chosen = useNames(scope);
  const busy = running !== null && running.error === null;
  const collection = scope.kind === 'collection' ? collections.find((each) => each.id === scope.id) : undefined;
  const amount = scope.kind === 'documents' ? scope.ids.length : (collection?.documents ?? documents);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the field grows with its text
  useEffect(() => {
    const element = field.current;
    if (!element) return;
    element.style.height = 'auto';
    element.style.height = `${Math.min(element.scrollHeight, 200)}px`;
    if (editing !== null) element.focus();
  }, [draft, editing]);
  const send = (): void => {
    const question = draft.trim();
    if (question && !busy) void ask(question, editing);
  };
  const scopeName =
    scope.kind === 'all'
      ? t('chat.scope_all')
      : scope.kind === 'collection'
        ? tameName(collection?.name ?? '')
        : t('chat.scope_documents', { n: scope.ids.length });
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {editing !== null && (
        <p className="composer-note small">
          {t('chat.editing')}
          <button
            type="button"
            className="icon-button small"
            aria-label={t('action.cancel')}
            onClick={() => useChat.setState({ editing: null, draft: '' })}
          >
            <X size={14} aria-hidden />
          </button>
        </p>
      )}
      <textarea
        ref={field}
        id="question"
        rows={1}
        dir="auto"
        maxLength={8000}
        aria-label={t('chat.ask_label')}
        placeholder={documents === 0 ? t('chat.placeholder_empty') : t('chat.placeholder', { n: amount })}
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
            event.preventDefault();
            send();
          }
        }}
      />
      <div className="composer-foot">
        <Popover
          kind="menu"
          className="button quiet small"
          label={t('chat.scope', { name: scopeName })}
          trigger={
            <>
              <Layers size={14} aria-hidden />
              {scopeName}
            </>
          }
        >
          <MenuItem icon={scope.kind === 'all' && <Check size={16} />} onSelect={() => setScope({ kind: 'all' })}>
            {t('chat.scope_all')}
          </MenuItem>
          {collections.map((each) => (
            <MenuItem
              key={each.id}
              icon={each.id === collection?.id && <Check size={16} />}
              onSelect={() => setScope({ kind: 'collection', id: each.id })}
            >
              {tameName(each.name)}
            </MenuItem>
          ))}
          {scope.kind === 'documents' && (
            <MenuItem icon={<Check size={16} />} onSelect={() => undefined}>
              <bdi className="clip">
                {t('chat.scope_documents', { n: scope.ids.length })}
                {chosen && `: ${chosen}`}
              </bdi>
            </MenuItem>
          )}
          <MenuItem icon={<ListChecks size={16} />} onSelect={onChoose}>
            {t('chat.scope_choose')}
          </MenuItem>
        </Popover>
        <span className="spacer" />
        {busy ? (
          <button type="button" className="button" onClick={stop}>
            <Square size={14} aria-hidden />
            {t('action.stop')}
            <kbd>Esc</kbd>
          </button>
        ) : (
          <button type="submit" className="button primary" disabled={!draft.trim()}>
            <CornerDownLeft size={14} aria-hidden />
            {t('chat.ask')}
          </button>
        )}
      </div>
    </form>
  );
}
