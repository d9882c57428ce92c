import { CornerDownLeft, Square, X } from 'lucide-react';
import { type KeyboardEvent, type MouseEvent, memo, type RefObject, useEffect, useRef } from 'react';
import { useShallow } from 'zustand/react/shallow';
import { t } from '@/shared/i18n';
import { tameName } from '@/shared/text/tame';
import { isComposing } from '@/shared/ui/composing';
import { IconButton } from '@/shared/ui/IconButton';
import { ScopeMenu } from './ScopeMenu';
import { isAnswering, isRead, isWriting } from './state';
import { useChat } from './store';

interface Properties {
  /** Leads to where documents are chosen. */
  onChoose: () => void;
  /** `null` until they are counted. */
  documents: number | null;
  /** Those of them that are read, and answer. */
  ready: number | null;
  collections: readonly { id: number; name: string; documents: number }[];
}

/** An answer is written in another conversation: one at a time, and the way there. */
function Elsewhere() {
  const elsewhere = useChat((state) => state.elsewhere);
  const { open, stop } = useChat.getState();
  if (!elsewhere) return null;
  const { id, title } = elsewhere;
  return (
    <div className="composer-note small" role="status">
      <span className="clip">{t('chat.elsewhere', { title: tameName(title) })}</span>
      <span className="spacer" />
      {id !== null && (
        <button type="button" className="button quiet small" onClick={() => void open(id)}>
          {t('chat.show')}
        </button>
      )}
      <button type="button" className="button quiet small" onClick={stop}>
        <Square size={14} aria-hidden />
        {t('action.stop')}
      </button>
    </div>
  );
}

function Editing() {
  const editing = useChat((state) => state.editing !== null);
  const { cancelEdit } = useChat.getState();
  if (!editing) return null;
  return (
    <div className="composer-note small">
      {t('chat.editing')}
      <IconButton small label={t('action.cancel')} hint={`${t('action.cancel')} (Esc)`} onPress={cancelEdit}>
        <X size={14} aria-hidden />
      </IconButton>
    </div>
  );
}

/** Characters of a question. */
const MOST = 8000;

/** What is pasted beyond the end of the field is cut off by it, without a word. */
function Full() {
  const full = useChat((state) => state.draft.length >= MOST);
  if (!full) return null;
  return (
    <p className="composer-note small" role="status">
      {t('chat.full', { n: MOST })}
    </p>
  );
}

/** As high as its text, up to a part of the window. */
function fit(field: HTMLTextAreaElement): void {
  field.style.height = 'auto';
  field.style.height = `${Math.min(field.scrollHeight, 200)}px`;
}

/** The field is as high as its text, also where its lines break anew. */
function useFitted(field: RefObject<HTMLTextAreaElement | null>, draft: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the field grows with its text
  useEffect(() => {
    if (field.current) fit(field.current);
  }, [field, draft]);
  useEffect(() => {
    const element = field.current;
    if (!element) return;
    let width = element.clientWidth;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth === width) return;
      width = element.clientWidth;
      fit(element);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [field]);
}

/** Ask and Stop stand in one place: the second press of a double click is none of the other's. */
function isFirst({ detail }: MouseEvent): boolean {
  return detail < 2;
}

function placeholder(documents: number | null, asked: number | null): string {
  if (documents === 0) return t('chat.placeholder_empty');
  // Until the first is read there is no number to say.
  return !asked ? t('chat.ask_label') : t('chat.placeholder', { n: asked });
}

/** Where questions are written: Enter asks, Shift+Enter makes a new line, Arrow up changes the last question, Escape leaves that. */
export const Composer = memo(function Composer({ documents, ready, collections, onChoose }: Properties) {
  const { draft, scope, editing } = useChat(useShallow(({ draft, scope, editing }) => ({ draft, scope, editing })));
  const { setDraft, send, edit, cancelEdit, stop } = useChat.getState();
  const writing = useChat(isWriting);
  const busy = useChat(isAnswering);
  const read = useChat(isRead);
  const field = useRef<HTMLTextAreaElement>(null);
  const collection = scope.kind === 'collection' ? collections.find((each) => each.id === scope.id) : undefined;
  const amount = scope.kind === 'documents' ? scope.ids.length : (collection?.documents ?? ready);
  useFitted(field, draft);
  useEffect(() => {
    if (editing !== null) field.current?.focus();
  }, [editing]);
  const keys = (event: KeyboardEvent): void => {
    if (isComposing(event)) return;
    const { turns } = useChat.getState();
    if (event.key === 'Enter' && !event.shiftKey) void send();
    else if (event.key === 'ArrowUp' && draft === '' && turns.length > 0 && !busy) edit(turns.length - 1);
    else if (event.key === 'Escape' && editing !== null) cancelEdit();
    else return;
    event.preventDefault();
  };
  /** The frame is drawn as the field's: a press anywhere in it is one on the field. */
  const press = (event: MouseEvent<HTMLFormElement>): void => {
    if (event.target instanceof Element && event.target.closest('button, textarea, [role]')) return;
    event.preventDefault();
    field.current?.focus();
  };
  return (
    <form
      className="composer"
      onMouseDown={press}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <Elsewhere />
      <Editing />
      <Full />
      <textarea
        ref={field}
        id="question"
        rows={1}
        dir="auto"
        maxLength={MOST}
        aria-label={t('chat.ask_label')}
        placeholder={placeholder(documents, amount)}
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={keys}
      />
      <div className="composer-foot">
        <ScopeMenu collections={collections} onChoose={onChoose} />
        <span className="spacer" />
        {writing ? (
          <button type="button" className="button" onClick={(event) => isFirst(event) && stop()}>
            <Square size={14} aria-hidden />
            {t('action.stop')}
            <kbd>Esc</kbd>
          </button>
        ) : (
          <button
            type="submit"
            className="button primary"
            disabled={busy || !read || !draft.trim()}
            onClick={(event) => !isFirst(event) && event.preventDefault()}
          >
            <CornerDownLeft size={14} aria-hidden />
            {t('chat.ask')}
          </button>
        )}
      </div>
    </form>
  );
});
