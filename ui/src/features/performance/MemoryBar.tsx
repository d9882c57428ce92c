import type { MemoryOwner } from '@/ipc';
import { maybe, t } from '@/shared/i18n';
import { memory } from '@/shared/text/format';

interface Properties {
  label: string;
  owners: readonly MemoryOwner[];
  /** Used by all on this device, where it is known. */
  used: number;
  total: number;
}

/** Memory of one device, by owner: each part has its name and size below, tied by its pattern and order. */
export function MemoryBar({ label, owners, used, total }: Properties) {
  const ours = owners.reduce((sum, owner) => sum + owner.mib, 0);
  const rest = Math.max(0, used - ours);
  const parts = [...owners.filter((owner) => owner.mib > 0), ...(rest > 0 ? [{ owner: 'others', mib: rest }] : [])];
  const whole = Math.max(total, ours, 1);
  return (
    <section className="memory" aria-label={label}>
      <p className="memory-head">
        <span className="clip" title={label}>
          {label}
        </span>
        <span className="tabular">{t('memory.of', { used: memory(Math.max(used, ours)), total: memory(total) })}</span>
      </p>
      <div className="memory-bar" aria-hidden>
        {parts.map(({ owner, mib }) => (
          <div
            key={owner}
            className={`memory-part ${owner}`}
            style={{ width: `${(100 * mib) / whole}%` }}
            title={`${maybe(`memory.${owner}`) ?? owner} ${memory(mib)}`}
          />
        ))}
      </div>
      <ul className="memory-parts">
        {parts.map(({ owner, mib }) => (
          <li key={owner}>
            <span className={`memory-key ${owner}`} aria-hidden />
            {maybe(`memory.${owner}`) ?? owner} <span className="tabular quiet">{memory(mib)}</span>
          </li>
        ))}
        {whole > Math.max(used, ours) && (
          <li className="quiet">
            {t('memory.free')} <span className="tabular">{memory(whole - Math.max(used, ours))}</span>
          </li>
        )}
      </ul>
    </section>
  );
}
