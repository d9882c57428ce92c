import { History, X } from 'lucide-react';
import { useEffect, useReducer, useRef, useState } from 'react';
import { type AnswerTrace, backend, type ErrorReport, reportOf, type TracePassage } from '@/ipc';
import { maybe, t } from '@/shared/i18n';
import { count, decimal, milliseconds, percent } from '@/shared/text/format';
import { tame, tameName } from '@/shared/text/tame';
import { Meter } from '@/shared/ui/Meter';
import { EmptyState, ErrorState } from '@/shared/ui/states';

function rank(value: number | null): string {
  return value === null ? '–' : String(value);
}

function Passages({ title, passages }: { title: string; passages: readonly TracePassage[] }) {
  if (passages.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <table className="trace-table">
        <thead>
          <tr>
            <th scope="col">{t('why.passage')}</th>
            <th scope="col" className="number" title={t('why.vector_title')}>
              {t('why.vector')}
            </th>
            <th scope="col" className="number" title={t('why.keyword_title')}>
              {t('why.keyword')}
            </th>
            <th scope="col" className="number" title={t('why.score_title')}>
              {t('why.score')}
            </th>
          </tr>
        </thead>
        <tbody>
          {passages.map((passage, index) => (
            <tr key={index}>
              <td>
                <span className="passage-place">
                  <bdi>{tameName(passage.title)}</bdi> · {t('source.page', { page: passage.page })}
                </span>
                {passage.text && (
                  <span className="trace-text" dir="auto">
                    {tame(passage.text)}
                  </span>
                )}
                {passage.dropped && (
                  <span className="small tone-amber">{maybe(`why.dropped.${passage.dropped}`) ?? passage.dropped}</span>
                )}
              </td>
              <td className="number" title={passage.cosine === null ? '' : `cosine ${decimal(passage.cosine, 3)}`}>
                {rank(passage.vector_rank)}
              </td>
              <td className="number" title={passage.bm25 === null ? '' : `BM25 ${decimal(passage.bm25, 2)}`}>
                {rank(passage.keyword_rank)}
              </td>
              <td className="number">{decimal(passage.score, 2)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** How was searched, and how near the documents came. */
function Search({ trace }: { trace: AnswerTrace }) {
  return (
    <div className="quiet small">
      {trace.wants_everything && <p className="tone-amber">{t('why.everything')}</p>}
      <p>
        {t(`why.mode.${trace.mode}`)}{' '}
        {trace.mode === 'hybrid' && trace.vector_weight !== null && (
          <>{t('why.weights', { meaning: percent(trace.vector_weight), words: percent(1 - trace.vector_weight) })} </>
        )}
        {trace.exact && t('why.exact')}
      </p>
      <p>{t('why.coverage', { share: percent(trace.coverage), cosine: decimal(trace.best_cosine, 2) })}</p>
    </div>
  );
}

function Timings({ trace }: { trace: AnswerTrace }) {
  const whole = Math.max(...trace.timings.map((timing) => timing.ms ?? 0), 1);
  return (
    <section>
      <h3>{t('why.timings')}</h3>
      <ul className="timings">
        {trace.timings.map(({ name, ms }) => (
          <li key={name}>
            <span>{maybe(`why.timing.${name}`) ?? name}</span>
            <Meter label={`${maybe(`why.timing.${name}`) ?? name} ${milliseconds(ms)}`} value={ms ?? 0} max={whole} />
            <span className="number tabular">{milliseconds(ms)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Why this answer: what was searched, how both rankings stood, what was given to the model, what was left out, and the time. */
export function WhyDrawer({
  conversation,
  turn,
  onClose,
}: {
  conversation: number;
  turn: number;
  onClose: () => void;
}) {
  const [trace, setTrace] = useState<AnswerTrace | null | undefined>(undefined);
  const [error, setError] = useState<ErrorReport | null>(null);
  const [attempt, again] = useReducer((count: number) => count + 1, 0);
  const closer = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    closer.current?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
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
  return (
    <aside className="drawer" aria-label={t('chat.why')} onKeyDown={(event) => event.key === 'Escape' && onClose()}>
      <header className="drawer-head">
        <h2>{t('chat.why')}</h2>
        <button type="button" className="icon-button" aria-label={t('action.close')} onClick={onClose} ref={closer}>
          <X size={16} aria-hidden />
        </button>
      </header>
      <section className="drawer-body" tabIndex={0} aria-label={t('chat.why')}>
        {error && <ErrorState error={error} onRetry={again} />}
        {trace === undefined && !error && (
          <p className="quiet" role="status">
            {t('why.loading')}
          </p>
        )}
        {trace === null && <EmptyState icon={<History size={20} />} title={t('why.none')} text={t('why.none_text')} />}
        {trace && (
          <>
            <p>
              <span className="quiet">{t('why.query')}</span> <q dir="auto">{tame(trace.query)}</q>
            </p>
            <p className="quiet small">
              {t('why.budget', { packed: count(trace.packed_tokens), budget: count(trace.budget_tokens) })}
            </p>
            <Search trace={trace} />
            <Passages title={t('why.packed')} passages={trace.passages.filter((passage) => passage.dropped === null)} />
            <Passages
              title={t('why.left_out')}
              passages={trace.passages.filter((passage) => passage.dropped !== null)}
            />
            <Timings trace={trace} />
          </>
        )}
      </section>
    </aside>
  );
}
