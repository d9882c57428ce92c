import { Check, Minus, X } from 'lucide-react';
import type { OptimizationRow, RowStatus } from '@/ipc';
import { maybe, t } from '@/shared/i18n';
import { decimal } from '@/shared/text/format';
import { Told } from '@/shared/ui/Told';

const MARKS: Record<RowStatus, typeof Check> = { passed: Check, missed: X, needs_gpu: Minus, skipped: Minus };

function figure(value: number | null, unit: string): string {
  if (value === null) return '–';
  return unit === '×' ? `${decimal(value, 2)}×` : `${decimal(value)} ${unit}`.trim();
}

/** What the optimizations were promised to gain, and what they gain here. A mark and a word say whether it is kept. */
export function PromisesTable({ rows }: { rows: readonly OptimizationRow[] }) {
  return (
    <div className="table-scroll">
      <table className="benchmark-table promises">
        <thead>
          <tr>
            <th scope="col">{t('promises.what')}</th>
            <th scope="col" className="number">
              {t('promises.measured')}
            </th>
            <th scope="col" className="number">
              {t('promises.floor')}
            </th>
            <th scope="col">{t('promises.status')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const Mark = MARKS[row.status];
            return (
              <tr key={row.name}>
                <th scope="row">
                  {maybe(`promises.${row.name}`) ?? row.name}
                  {row.synthetic && <span className="tag">{t('models.synthetic')}</span>}
                  <p className="small quiet">
                    <Told text={row.detail} />
                  </p>
                </th>
                <td className="number">{figure(row.value, row.unit)}</td>
                <td className="number">{row.floor === null ? '–' : `≥ ${figure(row.floor, row.unit)}`}</td>
                <td>
                  <span className={`promise ${row.status}`}>
                    <Mark size={16} aria-hidden /> {t(`promises.${row.status}`)}
                  </span>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
