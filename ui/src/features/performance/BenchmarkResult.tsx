import type { BenchRow, BenchRun, Spread } from '@/ipc';
import { type MessageKey, profileName, t } from '@/shared/i18n';
import { count, decimal, memory, milliseconds, percent } from '@/shared/text/format';
import { tameName } from '@/shared/text/tame';

type Format = (value: number | null) => string;

interface Column {
  title: MessageKey;
  unit?: MessageKey;
  /** The figure, and what a pointer resting on it says. */
  cell: (row: BenchRow, base: BenchRow | undefined) => { text: string; title?: string };
}

/** A median, with what the repeats lay between. */
function spread(value: Spread, format: Format): { text: string; title?: string } {
  const between = value.min !== null && value.max !== null && value.min !== value.max;
  return {
    text: format(value.median),
    ...(between && { title: t('benchmark.between', { from: format(value.min), to: format(value.max) }) }),
  };
}

function ratio(value: number | null, base: number | null | undefined): number | null {
  return value !== null && base ? value / base : null;
}

const times: Format = (value) => (value === null ? decimal(value) : `${decimal(value, 2)}×`);

const COLUMNS: readonly Column[] = [
  { title: 'performance.ttft', cell: (row) => spread(row.ttft_ms, milliseconds) },
  { title: 'benchmark.resident', cell: (row) => spread(row.ttft_resident_ms, milliseconds) },
  { title: 'performance.prefill', unit: 'unit.tps', cell: (row) => spread(row.prefill_tps, count) },
  { title: 'performance.decode', unit: 'unit.tps', cell: (row) => spread(row.decode_tps, decimal) },
  {
    title: 'benchmark.speedup',
    cell: (row, base) => ({ text: times(ratio(row.decode_tps.median, base?.decode_tps.median)) }),
  },
  { title: 'benchmark.memory', cell: (row) => ({ text: memory(row.peak_memory_mib) }) },
  { title: 'benchmark.predicted', cell: (row) => ({ text: memory(row.predicted_memory_mib) }) },
  {
    title: 'benchmark.saved',
    cell: (row, base) => {
      const part = ratio(row.peak_memory_mib, base?.peak_memory_mib);
      return { text: percent(part === null ? null : 1 - part) };
    },
  },
];

interface BarProperties {
  rows: readonly BenchRow[];
  label: string;
  unit: string;
  value: (row: BenchRow) => number | null;
  format: Format;
}

/** Bars from a zero line, named directly. */
function Bars({ rows, label, unit, value, format }: BarProperties) {
  const most = Math.max(...rows.map((row) => value(row) ?? 0), 1);
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
              <span className="bar" style={{ width: `${(100 * (value(row) ?? 0)) / most}%` }} />
            </span>
            <span className="tabular number">{format(value(row))}</span>
          </li>
        ))}
      </ul>
    </figure>
  );
}

/** What was measured on, once for the whole table. */
function Circumstances({ rows }: { rows: readonly BenchRow[] }) {
  const first = rows[0];
  if (!first) return null;
  return (
    <p className="small quiet">
      <bdi>{tameName(first.model)}</bdi> · {first.device} ·{' '}
      {t('benchmark.lengths', { prompt: first.prompt_tokens, output: first.output_tokens })}
    </p>
  );
}

/** Profiles against the reference: two plots and every figure. A dash stands for what was not measured. */
export function BenchmarkResult({ run }: { run: Omit<BenchRun, 'at_ms'> }) {
  const base = run.rows.find((row) => row.profile === run.baseline);
  const cells = run.rows.map((row) => ({ row, cells: COLUMNS.map((column) => column.cell(row, base)) }));
  const synthetic = run.rows.filter((row) => row.synthetic).length;
  // Said once below when it is true of all.
  const mixed = synthetic > 0 && synthetic < run.rows.length;
  const missing = cells.some((line) => line.cells.some((cell) => cell.text === '–'));
  return (
    <>
      <Circumstances rows={run.rows} />
      <div className="bars-grid">
        <Bars
          rows={run.rows}
          label={t('performance.decode')}
          unit={t('unit.tps')}
          value={(row) => row.decode_tps.median}
          format={decimal}
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
              {COLUMNS.map(({ title, unit }) => (
                <th key={title} scope="col" className="number">
                  {t(title, { base: profileName(run.baseline) })}{' '}
                  {unit && <span className="small quiet">{t(unit)}</span>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {cells.map(({ row, cells }) => (
              <tr key={row.profile}>
                <th scope="row">
                  {profileName(row.profile)}
                  {mixed && row.synthetic && <span className="tag">{t('models.synthetic')}</span>}
                </th>
                {cells.map(({ text, title }, index) => (
                  <td key={COLUMNS[index]?.title} className="number" title={title}>
                    {text}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {synthetic > 0 && <p className="small quiet">{t('benchmark.synthetic')}</p>}
      {missing && <p className="small quiet">{t('benchmark.not_measured')}</p>}
    </>
  );
}
