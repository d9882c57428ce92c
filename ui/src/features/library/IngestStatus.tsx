import { Pause, Play, X } from 'lucide-react';
import { maybe, t } from '@/shared/i18n';
import { count, decimal, duration } from '@/shared/text/format';
import { ErrorText } from '@/shared/ui/states';
import { useLibrary } from './store';

/** How far the whole queue is, how fast, how long still; and its brakes. Nothing at all when there is nothing to do. */
export function IngestStatus({ wide = false }: { wide?: boolean }) {
  const progress = useLibrary((state) => state.summary?.progress);
  const setPaused = useLibrary((state) => state.setPaused);
  const cancel = useLibrary((state) => state.cancel);
  const blocked = useLibrary((state) => state.blocked);
  if (!progress || progress.total === 0 || progress.done >= progress.total) return null;
  const label = t('ingest.files', { done: progress.done, total: progress.total });
  const details = [
    progress.paused === null ? '' : (maybe(`ingest.paused.${progress.paused}`) ?? progress.paused),
    (progress.chunks_per_second ?? 0) > 0 ? t('ingest.speed', { speed: decimal(progress.chunks_per_second, 0) }) : '',
    progress.remaining_s !== null ? t('ingest.left', { time: duration(progress.remaining_s) }) : '',
  ].filter(Boolean);
  return (
    <section className={wide ? 'ingest wide' : 'ingest'} aria-label={t('ingest.label')}>
      <div className="ingest-line">
        <span className="tabular">{label}</span>
        {wide && <span className="quiet small tabular">{details.join(' · ')}</span>}
        <span className="spacer" />
        <button
          type="button"
          className="icon-button"
          title={t(progress.paused ? 'ingest.resume' : 'ingest.pause')}
          aria-label={t(progress.paused ? 'ingest.resume' : 'ingest.pause')}
          onClick={() => void setPaused(!progress.paused)}
        >
          {progress.paused ? <Play size={16} aria-hidden /> : <Pause size={16} aria-hidden />}
        </button>
        <button
          type="button"
          className="icon-button"
          title={t('ingest.cancel')}
          aria-label={t('ingest.cancel')}
          onClick={() => void cancel()}
        >
          <X size={16} aria-hidden />
        </button>
      </div>
      <progress
        value={progress.done}
        max={progress.total}
        aria-label={`${label} (${count((100 * progress.done) / progress.total)} %)`}
      />
      {blocked && (
        <div className="ingest-blocked small" role="alert">
          <ErrorText error={blocked} />
        </div>
      )}
      {!wide && <p className="small quiet tabular clip">{details.join(' · ') || '\u00a0'}</p>}
    </section>
  );
}
