import { FlaskConical, Play } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { BenchmarkRow, BenchmarkRun } from '@/ipc';
import { maybe, profileName, t } from '@/shared/i18n';
import { count, date, decimal, memory, milliseconds, percent } from '@/shared/text/format';
import { EmptyState, ErrorState, ErrorText, Progress } from '@/shared/ui/states';
import { usePerformance } from './store';

interface BarProperties {
  rows: readonly BenchmarkRow[];
  label: string;
  unit: string;
  value: (row: BenchmarkRow) => number;
  format: (value: number) => string;
}

/** Bars from a zero line, named directly. */
function Bars({ rows, label, unit, value, format }: BarProperties) {
  const most = Math.max(...rows.map(value), 1);
  return (
    <figure className="bars">
      <figcaption>
        {label} <span className="quiet small">{unit}</span>
      </figcaption>
      <ul>
        {rows.map((row) => (
          <li key={row.profile}>
            <span className="clip">{profileName(row.profile)}</span>
            <span className="bar-track">
              <span className="bar" style={{ width: `${(100 * value(row)) / most}%` }} />
            </span>
            <span className="tabular number">{format(value(row))}</span>
          </li>
        ))}
      </ul>
    </figure>
  );
}

function Result({ run }: { run: BenchmarkRun }) {
  const base = run.rows.find((row) => row.profile === run.baseline);
  return (
    <>
      <div className="bars-grid">
        <Bars
          rows={run.rows}
          label={t('performance.decode')}
          unit={t('unit.tps')}
          value={(row) => row.decode_tps}
          format={(value) => decimal(value)}
        />
        <Bars
          rows={run.rows}
          label={t('benchmark.memory')}
          unit=""
          value={(row) => row.peak_memory_mib}
          format={memory}
        />
      </div>
      <div className="table-scroll">
        <table className="benchmark-table">
          <thead>
            <tr>
              <th scope="col">{t('benchmark.profile')}</th>
              <th scope="col" className="number">
                {t('performance.ttft')}
              </th>
              <th scope="col" className="number">
                {t('performance.prefill')}
              </th>
              <th scope="col" className="number">
                {t('performance.decode')}
              </th>
              <th scope="col" className="number">
                {t('benchmark.speedup')}
              </th>
              <th scope="col" className="number">
                {t('benchmark.memory')}
              </th>
              <th scope="col" className="number">
                {t('benchmark.predicted')}
              </th>
              <th scope="col" className="number">
                {t('benchmark.saved')}
              </th>
            </tr>
          </thead>
          <tbody>
            {run.rows.map((row) => (
              <tr key={row.profile}>
                <th scope="row">{profileName(row.profile)}</th>
                <td className="number">{milliseconds(row.ttft_ms)}</td>
                <td className="number">{count(row.prefill_tps)}</td>
                <td className="number">{decimal(row.decode_tps)}</td>
                <td className="number">
                  {base && base.decode_tps > 0 ? `${decimal(row.decode_tps / base.decode_tps, 2)}×` : '–'}
                </td>
                <td className="number">{memory(row.peak_memory_mib)}</td>
                <td className="number">{memory(row.predicted_memory_mib)}</td>
                <td className="number">
                  {base && base.peak_memory_mib > 0 ? percent(1 - row.peak_memory_mib / base.peak_memory_mib) : '–'}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {run.rows.some((row) => row.synthetic) && <p className="small quiet">{t('benchmark.synthetic')}</p>}
    </>
  );
}

interface Properties {
  profiles: readonly { name: string; runnable: boolean }[];
  hasModel: boolean;
  onModels: () => void;
}

/** Profiles against the reference, measured on this machine. */
export function BenchmarkPage({ profiles, hasModel, onModels }: Properties) {
  const { runs, runsError, progress, current, benchmarkError, loadRuns, runBenchmark, stopBenchmark } =
    usePerformance();
  const [chosen, setChosen] = useState<ReadonlySet<string> | null>(null);
  const [shown, setShown] = useState(0);
  useEffect(() => void loadRuns(), [loadRuns]);
  const runnable = profiles.filter((profile) => profile.runnable).map((profile) => profile.name);
  const names = runnable.filter((name) => chosen?.has(name) ?? true);
  const run = runs?.[shown];
  return (
    <section className="page scroll-page" aria-labelledby="benchmark-title">
      <div className="page-column wide">
        <header className="page-head">
          <h1 id="benchmark-title">{t('benchmark.title')}</h1>
        </header>
        <p className="quiet">{t('benchmark.text')}</p>
        {!hasModel ? (
          <EmptyState
            icon={<FlaskConical size={24} />}
            title={t('benchmark.no_model')}
            text={t('benchmark.no_model_text')}
          >
            <button type="button" className="button primary" onClick={onModels}>
              {t('models.choose')}
            </button>
          </EmptyState>
        ) : (
          <>
            <fieldset className="chips">
              <legend>{t('benchmark.which')}</legend>
              {profiles.map(({ name, runnable: can }) => (
                <label key={name} className={can ? 'chip' : 'chip disabled'}>
                  <input
                    type="checkbox"
                    disabled={!can || progress !== null}
                    checked={can && names.includes(name)}
                    onChange={(event) => {
                      const next = new Set(names);
                      if (event.target.checked) next.add(name);
                      else next.delete(name);
                      setChosen(next);
                    }}
                  />
                  {profileName(name)}
                </label>
              ))}
            </fieldset>
            {progress ? (
              <Progress
                label={t('benchmark.running', {
                  profile: profileName(progress.profile),
                  stage: maybe(`stage.${progress.stage}`) ?? progress.stage,
                })}
                done={progress.done}
                total={progress.total}
                onStop={stopBenchmark}
              />
            ) : (
              <button
                type="button"
                className="button primary"
                disabled={names.length === 0}
                onClick={() => {
                  setShown(0);
                  void runBenchmark(names);
                }}
              >
                <Play size={16} aria-hidden />
                {t('benchmark.start')}
              </button>
            )}
            {current.length > 0 && <Result run={{ at_ms: 0, baseline: current[0]?.profile ?? '', rows: current }} />}
            {benchmarkError && (
              <div className="turn-error" role="alert">
                <ErrorText error={benchmarkError} />
              </div>
            )}
            {runsError && <ErrorState error={runsError} onRetry={() => void loadRuns()} />}
            {run && current.length === 0 && (
              <>
                <div className="row baseline">
                  <h2>{t('benchmark.result', { date: date(run.at_ms) })}</h2>
                  {(runs?.length ?? 0) > 1 && (
                    <select
                      aria-label={t('benchmark.history')}
                      value={shown}
                      onChange={(event) => setShown(Number(event.target.value))}
                    >
                      {runs?.map((each, index) => (
                        <option key={each.at_ms} value={index}>
                          {new Date(each.at_ms).toLocaleString()}
                        </option>
                      ))}
                    </select>
                  )}
                </div>
                <Result run={run} />
              </>
            )}
          </>
        )}
      </div>
    </section>
  );
}
