import { CircleAlert, Pause, Play, RotateCcw, X } from 'lucide-react';
import type { ErrorReport, IngestProgress } from '@/ipc';
import { maybe, t } from '@/shared/i18n';
import { decimal, duration, percent } from '@/shared/text/format';
import { IconButton } from '@/shared/ui/IconButton';
import { ErrorText } from '@/shared/ui/states';
import { useLibrary } from './store';

/** Why nothing goes on, and the way to begin again once it is put right. */
function Blocked({ report }: { report: ErrorReport }) {
  const setPaused = useLibrary((state) => state.setPaused);
  return (
    <div className="ingest-blocked" role="alert">
      <CircleAlert size={16} aria-hidden className="tone-red" />
      <ErrorText error={report} />
      <button type="button" className="button small" onClick={() => void setPaused(false)}>
        <RotateCcw size={14} aria-hidden />
        {t('action.try_again')}
      </button>
    </div>
  );
}

function Brakes({ progress }: { progress: IngestProgress }) {
  const setPaused = useLibrary((state) => state.setPaused);
  const cancel = useLibrary((state) => state.cancel);
  // What waits for an answer goes on by itself, unless a person pauses it too.
  const paused = progress.paused === 'paused';
  return (
    <>
      <IconButton label={t(paused ? 'ingest.resume' : 'ingest.pause')} onPress={() => void setPaused(!paused)}>
        {paused ? <Play size={16} aria-hidden /> : <Pause size={16} aria-hidden />}
      </IconButton>
      <IconButton label={t('ingest.cancel')} onPress={() => void cancel()}>
        <X size={16} aria-hidden />
      </IconButton>
    </>
  );
}

/** How far the whole queue is, how fast, how long still; and its brakes. Nothing at all when there is nothing to do. */
export function IngestStatus({ wide = false }: { wide?: boolean }) {
  const progress = useLibrary((state) => state.summary?.progress);
  const blocked = useLibrary((state) => state.blocked);
  const busy = progress !== undefined && progress.total > 0 && progress.done < progress.total;
  if (!busy && !blocked) return null;
  const label = busy ? t('ingest.files', { done: progress.done, n: progress.total }) : '';
  const details = busy
    ? [
        progress.paused === null ? '' : (maybe(`ingest.paused.${progress.paused}`) ?? progress.paused),
        (progress.chunks_per_second ?? 0) >= 1
          ? t('ingest.speed', { speed: decimal(progress.chunks_per_second, 0) })
          : '',
        progress.remaining_s !== null ? t('ingest.left', { time: duration(progress.remaining_s) }) : '',
      ].filter(Boolean)
    : [];
  return (
    <section className={wide ? 'ingest wide' : 'ingest'} aria-label={t('ingest.label')}>
      {busy && (
        <>
          <div className="ingest-line">
            <span className="tabular">{label}</span>
            {wide && !blocked && <span className="quiet small tabular">{details.join(' · ')}</span>}
            <span className="spacer" />
            {!blocked && <Brakes progress={progress} />}
          </div>
          <progress
            value={progress.done}
            max={progress.total}
            aria-label={`${label} (${percent(progress.done / progress.total)})`}
          />
        </>
      )}
      {blocked ? (
        <Blocked report={blocked} />
      ) : (
        !wide && <p className="small quiet tabular clip">{details.join(' · ') || '\u00a0'}</p>
      )}
    </section>
  );
}
