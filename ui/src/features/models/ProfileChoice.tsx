import { TriangleAlert } from 'lucide-react';
import { useEffect, useState } from 'react';
import { type Profile, type ProfilePlan, totalOf } from '@/ipc';
import { maybe, profileName, t } from '@/shared/i18n';
import { memory } from '@/shared/text/format';
import { ErrorState } from '@/shared/ui/states';
import { ProfileDetail } from './ProfileDetail';
import { ProfileEditor } from './ProfileEditor';
import { useModels } from './store';

/** A profile of one's own that starts as another one is, under a name that is free. */
function copyOf(profile: Profile, plans: readonly ProfilePlan[]): Profile {
  const taken = new Set(plans.map((plan) => plan.profile.name));
  const stem = t('profile.copy_name', { name: profile.name });
  let name = stem;
  for (let number = 2; taken.has(name); number++) name = `${stem}-${number}`;
  return { ...profile, name, summary: maybe(`profile.summary.${profile.name}`) ?? profile.summary, builtin: false };
}

interface OptionProperties {
  plan: ProfilePlan;
  shown: boolean;
  onShow: () => void;
}

function Option({ plan: { profile, missing, predicted, fits }, shown, onShow }: OptionProperties) {
  const active = useModels((state) => state.active === profile.name);
  return (
    <label className={shown ? 'profile-option shown' : 'profile-option'}>
      <input type="radio" name="profile" checked={shown} onChange={onShow} />
      <span className="profile-words">
        <span className="profile-name">
          {profileName(profile.name)}
          {active && <span className="tag">{t('profile.active')}</span>}
        </span>
        <span className="small quiet">{maybe(`profile.summary.${profile.name}`) ?? profile.summary}</span>
      </span>
      {missing && <span className="small quiet">{t('profile.absent')}</span>}
      {predicted.length > 0 && (
        <span className={fits ? 'small tabular' : 'small tabular tone-amber'}>
          {memory(totalOf(predicted))}
          {!fits && <TriangleAlert size={14} aria-label={t('models.tight')} />}
        </span>
      )}
    </label>
  );
}

/** The optimization profile: what each would need is shown before it is applied; a switch that fails goes back by itself. */
export function ProfileChoice() {
  const { plans, planError, error, active, load, deleteProfile } = useModels();
  const [chosen, setChosen] = useState<string | null>(null);
  const [editing, setEditing] = useState<{ from: Profile; replaces: string | null } | null>(null);
  useEffect(() => void load(), [load]);
  const failed = error ?? planError;
  if (failed) return <ErrorState error={failed} onRetry={() => void load()} />;
  if (!plans)
    return (
      <p className="quiet" role="status">
        {t('profile.loading')}
      </p>
    );
  const shown = plans.find((plan) => plan.profile.name === (chosen ?? active)) ?? plans[0];
  const most = Math.max(...plans.flatMap((plan) => [totalOf(plan.predicted), plan.available_mib]), 1) * 1.02;
  const show = (name: string): void => {
    setChosen(name);
    setEditing(null);
  };
  return (
    <div className="profile-choice">
      <div className="profile-list" role="radiogroup" aria-label={t('profile.title')}>
        {plans.map((plan) => (
          <Option key={plan.profile.name} plan={plan} shown={plan === shown} onShow={() => show(plan.profile.name)} />
        ))}
      </div>
      {editing && (
        <div className="profile-detail">
          <ProfileEditor {...editing} onSaved={show} onCancel={() => setEditing(null)} />
        </div>
      )}
      {shown && !editing && (
        <ProfileDetail plan={shown} most={most}>
          <button
            type="button"
            className="button"
            onClick={() => setEditing({ from: copyOf(shown.profile, plans), replaces: null })}
          >
            {t('profile.copy')}
          </button>
          {!shown.profile.builtin && (
            <>
              <button
                type="button"
                className="button"
                onClick={() => setEditing({ from: shown.profile, replaces: shown.profile.name })}
              >
                {t('profile.change')}
              </button>
              <button
                type="button"
                className="button"
                onClick={() => {
                  setChosen(null);
                  void deleteProfile(shown.profile);
                }}
              >
                {t('action.delete')}
              </button>
            </>
          )}
        </ProfileDetail>
      )}
    </div>
  );
}
