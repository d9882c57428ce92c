import { ChevronUp } from 'lucide-react';
import { profileName, t } from '@/shared/i18n';
import { decimal, memory, milliseconds, percent } from '@/shared/text/format';
import { tameName } from '@/shared/text/tame';
import { Meter } from '@/shared/ui/Meter';
import { usePerformance } from './store';

interface Properties {
  open: boolean;
  /** What a pointer resting on it says. */
  hint: string;
  /** The model that would answer, loaded or not; `null` when none is chosen. */
  chosen: { model: string; profile: string } | null;
  onToggle: () => void;
}

/** The line at the foot of the window: profile, memory, speed, first token, context. Opens the panel. */
export function StatusStrip({ open, hint, chosen, onToggle }: Properties) {
  const reading = usePerformance((state) => state.latest);
  const gpu = reading?.gpus.find((each) => each.device.name === reading.model_device) ?? reading?.gpus[0];
  const total = gpu ? gpu.device.memory_total_mib : (reading?.ram_total_mib ?? 0);
  const used = gpu ? total - gpu.device.memory_free_mib : (reading?.ram_used_mib ?? 0);
  const loaded = reading !== null && reading.model !== '';
  const model = loaded ? reading.model : chosen?.model;
  const profile = loaded ? reading.profile : chosen?.profile;
  const dot = reading?.generating ? 'busy' : loaded ? 'loaded' : '';
  return (
    <button type="button" className="status-strip" aria-expanded={open} title={hint} onClick={onToggle}>
      <span className={`status-dot ${dot}`} aria-hidden />
      <span className="strip-model clip">
        {model === undefined || profile === undefined ? (
          t('strip.no_model')
        ) : (
          <>
            {profileName(profile)} · <bdi>{tameName(model)}</bdi>
            {!loaded && <span className="strip-note"> · {t('strip.not_loaded')}</span>}
          </>
        )}
      </span>
      <span className="spacer" />
      {reading && (
        <>
          <span className="strip-item memory-item">
            {gpu ? 'VRAM' : 'RAM'}{' '}
            <Meter label={t('memory.of', { used: memory(used), total: memory(total) })} value={used} max={total} />{' '}
            <span className="tabular wide-figure">{t('memory.of', { used: memory(used), total: memory(total) })}</span>
          </span>
          {loaded && (
            <>
              <span className="strip-item tabular">
                {decimal(reading.decode_tps || null, 0)} {t('unit.tps')}
              </span>
              <span className="strip-item tabular optional first-token">
                {t('strip.first_token', { time: milliseconds(reading.ttft_ms || null) })}
              </span>
              <span className="strip-item tabular optional">
                {t('strip.context', {
                  share: reading.context_tokens > 0 ? percent(reading.context_used / reading.context_tokens) : '–',
                })}
              </span>
            </>
          )}
        </>
      )}
      <ChevronUp size={14} aria-hidden className={open ? 'strip-arrow down' : 'strip-arrow'} />
    </button>
  );
}
