import { Gauge, X } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Telemetry } from '@/ipc';
import { profileName, t, wordsOf } from '@/shared/i18n';
import { count, decimal, milliseconds, percent } from '@/shared/text/format';
import { tameName } from '@/shared/text/tame';
import { IconButton } from '@/shared/ui/IconButton';
import { useFocusBack } from '@/shared/ui/useFocusBack';
import { Words } from '@/shared/ui/Words';
import type { Reading } from './lines';
import { MemoryBar } from './MemoryBar';
import { Plot } from './Plot';
import { KEPT_MS, usePerformance } from './store';

function Figure({ label, value, note }: { label: string; value: string; note?: ReactNode }) {
  return (
    <div className="figure">
      <dt>{label}</dt>
      <dd className="tabular">
        {value}
        {note && <span className="figure-note">{note}</span>}
      </dd>
    </div>
  );
}

/** Telemetry tells whole percents. */
function percentOf(value: number | null): string {
  return percent(value === null ? null : value / 100);
}

function Devices({ reading }: { reading: Telemetry }) {
  const onGpu = reading.gpus.find((gpu) => gpu.device.name === reading.model_device);
  return (
    <div className="panel-column">
      {reading.gpus.map(({ device }) => (
        <MemoryBar
          key={device.name}
          label={device.description}
          owners={
            onGpu?.device.name === device.name ? reading.owners.filter((owner) => owner.owner !== 'application') : []
          }
          used={device.memory_total_mib - device.memory_free_mib}
          total={device.memory_total_mib}
        />
      ))}
      <MemoryBar
        label={t('memory.ram')}
        owners={onGpu ? reading.owners.filter((owner) => owner.owner === 'application') : reading.owners}
        used={reading.ram_used_mib}
        total={reading.ram_total_mib}
      />
      {reading.gpus.length === 0 && <p className="small quiet">{t('performance.no_gpu')}</p>}
    </div>
  );
}

/** A speed over time: only while an answer is written, since in between the figure is that of the last one. */
function speeds(history: readonly Telemetry[], figure: 'decode_tps' | 'prefill_tps'): Reading[] {
  return history.map((each) => ({ at: each.at_ms ?? 0, value: each.generating ? each[figure] : null }));
}

function Figures({ reading }: { reading: Telemetry }) {
  const gpu = reading.gpus.find((each) => each.device.name === reading.model_device) ?? reading.gpus[0];
  return (
    <dl className="figures">
      <Figure label={t('performance.ttft')} value={milliseconds(reading.ttft_ms || null)} />
      <Figure label={t('performance.decode')} value={decimal(reading.decode_tps || null)} note={t('unit.tps')} />
      <Figure label={t('performance.prefill')} value={count(reading.prefill_tps || null)} note={t('unit.tps')} />
      <Figure
        label={t('performance.context')}
        value={reading.context_tokens > 0 ? percent(reading.context_used / reading.context_tokens) : '–'}
        note={
          reading.context_tokens > 0 &&
          t('performance.context_of', { used: count(reading.context_used), total: count(reading.context_tokens) })
        }
      />
      <Figure label={t('performance.reused')} value={count(reading.reused_tokens || null)} note={t('unit.tokens')} />
      <Figure
        label={t('performance.bandwidth')}
        value={percent(reading.bandwidth_fraction)}
        note={t('performance.bandwidth_note')}
      />
      {reading.acceptance !== null && (
        <Figure label={t('performance.acceptance')} value={percent(reading.acceptance)} />
      )}
      {gpu && (
        <Figure
          label={t('performance.gpu_load')}
          value={percentOf(gpu.load_percent)}
          note={gpu.clock_mhz === null ? '' : `${count(gpu.clock_mhz)} MHz`}
        />
      )}
      {gpu && <Figure label={t('performance.power')} value={gpu.power_w === null ? '–' : `${count(gpu.power_w)} W`} />}
      {gpu && (
        <Figure
          label={t('performance.temperature')}
          value={gpu.temperature_c === null ? '–' : `${count(gpu.temperature_c)} °C`}
        />
      )}
      <Figure label={t('performance.cpu')} value={percentOf(reading.cpu_percent)} />
      <Figure
        label={t('performance.ingest')}
        value={decimal(reading.ingest.chunks_per_second || null)}
        note={t('performance.ingest_unit')}
      />
    </dl>
  );
}

/** What the machine is doing, live: memory by owner, speed with a minute of history, the active profile and why. */
export function PerformancePanel({
  parameters,
  onClose,
  onBenchmark,
}: {
  /** What a profile sets; it belongs to the models. */
  parameters: (profile: string) => ReactNode;
  onClose: () => void;
  onBenchmark: () => void;
}) {
  const { latest, history } = usePerformance();
  useFocusBack('.status-strip');
  return (
    <section className="performance-panel" aria-label={t('performance.title')}>
      <header className="panel-head">
        <h2>{t('performance.title')}</h2>
        {latest && latest.model !== '' && (
          <p className="panel-profile clip">
            <strong>
              <bdi>{tameName(latest.model)}</bdi>
            </strong>{' '}
            · {profileName(latest.profile)} · {latest.model_device}
            {latest.profile_reason && (
              <span className="quiet">
                {' — '}
                <Words text={wordsOf(latest.profile_reason)} />
              </span>
            )}
          </p>
        )}
        <span className="spacer" />
        <button type="button" className="button small" onClick={onBenchmark}>
          <Gauge size={14} aria-hidden />
          {t('benchmark.title')}
        </button>
        <IconButton label={t('action.close')} onPress={onClose}>
          <X size={16} aria-hidden />
        </IconButton>
      </header>
      {latest && latest.model !== '' && parameters(latest.profile)}
      {latest === null ? (
        <p className="state-view quiet" role="status">
          {t('performance.loading')}
        </p>
      ) : (
        <div className="panel-grid">
          <Devices reading={latest} />
          <div className="panel-column">
            <Plot
              label={t('performance.decode')}
              unit={t('unit.tps')}
              readings={speeds(history, 'decode_tps')}
              span={KEPT_MS}
              spanLabel={t('performance.minute')}
              noneLabel={t('performance.idle')}
              format={(value) => decimal(value, (value ?? 0) < 100 ? 1 : 0)}
            />
            <Plot
              label={t('performance.prefill')}
              unit={t('unit.tps')}
              readings={speeds(history, 'prefill_tps')}
              span={KEPT_MS}
              spanLabel={t('performance.minute')}
              noneLabel={t('performance.idle')}
              format={count}
            />
          </div>
          <Figures reading={latest} />
        </div>
      )}
    </section>
  );
}
