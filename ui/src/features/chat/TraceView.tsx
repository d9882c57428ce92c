import type { AnswerTrace, TracePassage } from '@/ipc';
import { maybe, t } from '@/shared/i18n';
import { count, decimal, milliseconds, percent } from '@/shared/text/format';
import { tame, tameName } from '@/shared/text/tame';
import { Meter } from '@/shared/ui/Meter';

function rank(value: number | null): string {
  return value === null ? '–' : String(value);
}

interface PassagesProperties {
  title: string;
  passages: readonly TracePassage[];
  onOpen: (passage: TracePassage) => void;
}

function Passages({ title, passages, onOpen }: PassagesProperties) {
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
                <button type="button" className="passage-place link-like" onClick={() => onOpen(passage)}>
                  <bdi>{tameName(passage.title)}</bdi> · {t('source.page', { page: passage.page })}
                </button>
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
function Search({ trace, each }: { trace: AnswerTrace; each: boolean }) {
  return (
    <div className="quiet small">
      {each ? <p>{t('why.each')}</p> : trace.wants_everything && <p className="tone-amber">{t('why.everything')}</p>}
      <p>
        {t(`why.mode.${trace.mode}`)}{' '}
        {trace.mode === 'hybrid' && trace.vector_weight !== null && (
          <>{t('why.weights', { meaning: percent(trace.vector_weight), words: percent(1 - trace.vector_weight) })} </>
        )}
        {trace.exact && t('why.exact')}
      </p>
      {!each && <p>{t('why.coverage', { share: percent(trace.coverage), cosine: decimal(trace.best_cosine, 2) })}</p>}
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

interface Properties {
  trace: AnswerTrace;
  /** Each document was asked by itself, and quoted. */
  each: boolean;
  /** A model wrote the answer. */
  written: boolean;
  /** Opens a passage beside it. */
  onOpen: (passage: TracePassage) => void;
}

/** How an answer came about: what was searched, both rankings, what was given to the model and what was left out, and the time. */
export function TraceView({ trace, each, written, onOpen }: Properties) {
  return (
    <>
      <p>
        <span className="quiet">{t('why.query')}</span> <q dir="auto">{tame(trace.query)}</q>
      </p>
      {!each && (
        <p className="quiet small">
          {t('why.budget', { packed: count(trace.packed_tokens), budget: count(trace.budget_tokens) })}
        </p>
      )}
      <Search trace={trace} each={each} />
      <Passages
        title={t(each ? 'why.quoted' : written ? 'why.packed' : 'why.considered')}
        passages={trace.passages.filter((passage) => passage.dropped === null)}
        onOpen={onOpen}
      />
      <Passages
        title={t('why.left_out')}
        passages={trace.passages.filter((passage) => passage.dropped !== null)}
        onOpen={onOpen}
      />
      <Timings trace={trace} />
    </>
  );
}
