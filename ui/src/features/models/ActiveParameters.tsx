import { t } from '@/shared/i18n';
import { parametersOf } from './parameters';
import { useModels } from './store';

/** What the active profile sets, in a line; what each means where a pointer rests on it. */
export function ActiveParameters({ profile }: { profile: string }) {
  const plan = useModels((state) => state.plans?.find((each) => each.profile.name === profile));
  if (!plan) return null;
  // As it runs: after what was given up to make it fit, with the attention that is computed here.
  const running = { ...plan.profile, ...plan.execution, context_tokens: plan.context_tokens };
  return (
    <ul className="active-parameters small" aria-label={t('profile.parameters')}>
      {parametersOf(running).map(({ key, label, name, value, why }) => (
        <li key={key} title={`${why} (${name})`}>
          <span className="quiet">{label}</span> <span className="tabular">{value}</span>
        </li>
      ))}
    </ul>
  );
}
