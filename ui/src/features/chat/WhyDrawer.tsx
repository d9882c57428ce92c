import { History, X } from 'lucide-react';
import { type KeyboardEvent, useEffect, useReducer, useRef, useState } from 'react';
import { type AnswerTrace, backend, type ErrorReport, reportOf, type TracePassage } from '@/ipc';
import { t } from '@/shared/i18n';
import { IconButton } from '@/shared/ui/IconButton';
import { EmptyState, ErrorState } from '@/shared/ui/states';
import { useFocusBack } from '@/shared/ui/useFocusBack';
import { TraceView } from './TraceView';

/** Why this answer, in a drawer over it. */
export function WhyDrawer({
  conversation,
  turn,
  each,
  written,
  onOpen,
  onClose,
}: {
  conversation: number;
  turn: number;
  /** Each document was asked by itself. */
  each: boolean;
  /** A model wrote the answer. */
  written: boolean;
  /** Opens a passage beside it. */
  onOpen: (passage: TracePassage) => void;
  onClose: () => void;
}) {
  const [trace, setTrace] = useState<AnswerTrace | null | undefined>(undefined);
  const [error, setError] = useState<ErrorReport | null>(null);
  const [attempt, again] = useReducer((count: number) => count + 1, 0);
  const closer = useRef<HTMLButtonElement>(null);
  useFocusBack('#question');
  useEffect(() => closer.current?.focus(), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt asks again
  useEffect(() => {
    let live = true;
    setTrace(undefined);
    setError(null);
    backend()
      .trace(conversation, turn)
      .then((found) => live && setTrace(found))
      .catch((thrown: unknown) => live && setError(reportOf(thrown)));
    return () => {
      live = false;
    };
  }, [conversation, turn, attempt]);
  const keys = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    // It closes this and nothing else: no answer is stopped by it.
    event.preventDefault();
    onClose();
  };
  return (
    <aside className="drawer" aria-label={t('chat.why')} onKeyDown={keys}>
      <header className="drawer-head">
        <h2>{t('chat.why')}</h2>
        <IconButton label={t('action.close')} onPress={onClose} ref={closer}>
          <X size={16} aria-hidden />
        </IconButton>
      </header>
      <section className="drawer-body" tabIndex={0} aria-label={t('chat.why')}>
        {error && <ErrorState error={error} onRetry={again} />}
        {trace === undefined && !error && (
          <p className="quiet" role="status">
            {t('why.loading')}
          </p>
        )}
        {trace === null && <EmptyState icon={<History size={20} />} title={t('why.none')} text={t('why.none_text')} />}
        {trace && <TraceView trace={trace} each={each} written={written} onOpen={onOpen} />}
      </section>
    </aside>
  );
}
