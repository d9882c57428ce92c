import { FlaskConical, ListChecks, Play } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { ErrorReport } from '@/ipc';
import { maybe, profileName, t } from '@/shared/i18n';
import { date, dateTime } from '@/shared/text/format';
import { Page } from '@/shared/ui/Page';
import { EmptyState, ErrorState, ErrorText, Progress } from '@/shared/ui/states';
import { BenchmarkResult } from './BenchmarkResult';
import { PromisesTable } from './PromisesTable';
import { usePerformance } from './store';

interface Profile {
  name: string;
  runnable: boolean;
}

interface Properties {
  /** `null` until it is known what each would take. */
  profiles: readonly Profile[] | null;
  /** Why that could not be found out. */
  error: ErrorReport | null;
  onRetry: () => void;
  /** Said to be missing only where that is known. */
  hasModel: boolean;
  onModels: () => void;
}

const REFERENCE = 'reference';

function runningLabel({ profile, stage }: { profile: string; stage: string }): string {
  const words = maybe(`stage.${stage}`) ?? profileName(stage);
  return profile === '' ? words : t('benchmark.running', { profile: profileName(profile), stage: words });
}

/** Which of the profiles are measured. */
function Which({
  profiles,
  chosen,
  disabled,
  onChoose,
}: {
  profiles: readonly Profile[];
  chosen: readonly string[];
  disabled: boolean;
  onChoose: (names: ReadonlySet<string>) => void;
}) {
  return (
    <fieldset className="chips">
      <legend>{t('benchmark.which')}</legend>
      {profiles.map(({ name, runnable }) => (
        <label
          key={name}
          className={runnable ? 'chip' : 'chip disabled'}
          title={runnable ? undefined : t('benchmark.cannot')}
        >
          <input
            type="checkbox"
            disabled={!runnable || disabled}
            checked={runnable && chosen.includes(name)}
            onChange={(event) => {
              const next = new Set(chosen);
              if (event.target.checked) next.add(name);
              else next.delete(name);
              onChoose(next);
            }}
          />
          {profileName(name)}
        </label>
      ))}
    </fieldset>
  );
}

/** Profiles against the reference, measured on this machine. */
export function BenchmarkPage({ profiles, error, onRetry, hasModel, onModels }: Properties) {
  const {
    runs,
    runsError,
    progress,
    current,
    benchmarkError,
    loadRuns,
    runBenchmark,
    stopBenchmark,
    promises,
    runPromises,
  } = usePerformance();
  const [chosen, setChosen] = useState<ReadonlySet<string> | null>(null);
  /** When the run was that is shown; `null` is the newest. */
  const [shown, setShown] = useState<number | null>(null);
  useEffect(() => void loadRuns(), [loadRuns]);
  const runnable = (profiles ?? []).filter((profile) => profile.runnable).map((profile) => profile.name);
  // The automatic profile is one of the others, fitted: measured only when asked for. What all are compared with comes first.
  const names = runnable
    .filter((name) => chosen?.has(name) ?? name !== 'auto')
    .sort((a, b) => Number(b === REFERENCE) - Number(a === REFERENCE));
  const run = runs?.find((each) => each.at_ms === shown) ?? runs?.[0];
  return (
    <Page id="benchmark" title={t('benchmark.title')} wide>
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
          {profiles ? (
            <Which profiles={profiles} chosen={names} disabled={progress !== null} onChoose={setChosen} />
          ) : error ? (
            <ErrorState error={error} onRetry={onRetry} />
          ) : (
            <p className="quiet" role="status">
              {t('profile.loading')}
            </p>
          )}
          {progress ? (
            <Progress
              label={runningLabel(progress)}
              done={progress.done}
              total={progress.total}
              onStop={stopBenchmark}
            />
          ) : (
            <div className="row">
              <button
                type="button"
                className="button primary"
                disabled={names.length === 0}
                onClick={() => {
                  setShown(null);
                  void runBenchmark(names);
                }}
              >
                <Play size={16} aria-hidden />
                {t('benchmark.start')}
              </button>
              <button type="button" className="button" title={t('promises.text')} onClick={() => void runPromises()}>
                <ListChecks size={16} aria-hidden />
                {t('promises.start')}
              </button>
            </div>
          )}
          {current.length > 0 && <BenchmarkResult run={{ baseline: current[0]?.profile ?? '', rows: current }} />}
          {benchmarkError && (
            <div className="turn-error" role="alert">
              <ErrorText error={benchmarkError} />
            </div>
          )}
          {promises && !progress && (
            <section aria-labelledby="promises">
              <h2 id="promises">{t('promises.title')}</h2>
              <p className="quiet">{t('promises.text')}</p>
              <PromisesTable rows={promises} />
            </section>
          )}
          {runs === null && !runsError && (
            <p className="quiet" role="status">
              {t('benchmark.loading')}
            </p>
          )}
          {runs?.length === 0 && current.length === 0 && !progress && <p className="quiet">{t('benchmark.none')}</p>}
          {runsError && <ErrorState error={runsError} onRetry={() => void loadRuns()} />}
          {run && current.length === 0 && (
            <>
              <div className="row baseline benchmark-head">
                <h2>{t('benchmark.result', { date: date(run.at_ms) })}</h2>
                {(runs?.length ?? 0) > 1 && (
                  <select
                    aria-label={t('benchmark.history')}
                    value={run.at_ms ?? ''}
                    onChange={(event) => setShown(Number(event.target.value))}
                  >
                    {runs?.map((each) => (
                      <option key={each.at_ms} value={each.at_ms ?? ''}>
                        {dateTime(each.at_ms)}
                      </option>
                    ))}
                  </select>
                )}
              </div>
              <BenchmarkResult run={run} />
            </>
          )}
        </>
      )}
    </Page>
  );
}
