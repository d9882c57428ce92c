import { CircleCheck, TriangleAlert } from 'lucide-react';
import { type ProfilePlan, totalOf } from '@/ipc';
import { maybe, t } from '@/shared/i18n';
import { memory } from '@/shared/text/format';

/** Memory that a profile would need, by owner, against what is free; `most` fills the width. */
export function Prediction({ plan, most }: { plan: ProfilePlan; most: number }) {
  const total = totalOf(plan.predicted);
  return (
    <div className="prediction">
      <div className="memory-bar" aria-hidden>
        {plan.predicted.map(({ owner, mib }) => (
          <div
            key={owner}
            className={`memory-part ${owner}`}
            title={`${maybe(`memory.${owner}`) ?? owner} ${memory(mib)}`}
            style={{ width: `${(100 * mib) / most}%` }}
          />
        ))}
        <div className="memory-limit" style={{ left: `${Math.min(100, (100 * plan.available_mib) / most)}%` }} />
      </div>
      <ul className="memory-parts" aria-label={t('profile.memory')}>
        {plan.predicted.map(({ owner, mib }) => (
          <li key={owner}>
            <span className={`memory-key ${owner}`} aria-hidden />
            {maybe(`memory.${owner}`) ?? owner} <span className="tabular quiet">{memory(mib)}</span>
          </li>
        ))}
        <li>
          <span className="memory-key limit" aria-hidden />
          {t('memory.free')} <span className="tabular quiet">{memory(plan.available_mib)}</span>
        </li>
      </ul>
      <p className="small tabular">
        {plan.fits ? (
          <CircleCheck size={14} aria-hidden className="tone-green" />
        ) : (
          <TriangleAlert size={14} aria-hidden className="tone-amber" />
        )}
        {t(plan.fits ? 'profile.fits' : 'profile.does_not_fit', {
          size: memory(total),
          free: memory(plan.available_mib),
          device: plan.device,
        })}
      </p>
    </div>
  );
}
