import { TriangleAlert } from 'lucide-react';
import { useEffect, useState } from 'react';
import { type Profile, totalOf, type WeightType } from '@/ipc';
import { maybe, profileName, t, wordsOf } from '@/shared/i18n';
import { CodeBlock } from '@/shared/markdown/CodeBlock';
import { count, memory } from '@/shared/text/format';
import { ErrorState, ErrorText, Progress } from '@/shared/ui/states';
import { plainWords, Words } from '@/shared/ui/Words';
import { Prediction } from './Prediction';
import { ProfileEditor } from './ProfileEditor';
import { parametersOf } from './parameters';
import { useModels } from './store';
import { weightsName } from './weights';

/** Tokens of an ordinary page of text. */
const TOKENS_A_PAGE = 650;

/** The weights that are not at hand, and the command that makes them. */
function Missing({ weights, make }: { weights: WeightType; make: string | null }) {
  return (
    <div className="small">
      <p className="tone-amber">{t('profile.missing', { weights: weightsName(weights) })}</p>
      {make && <CodeBlock code={make} language={t('profile.make')} />}
    </div>
  );
}

/** A profile of one's own that starts as another one is, under a name that is free. */
function copyOf(profile: Profile, plans: readonly { profile: Profile }[]): Profile {
  const taken = new Set(plans.map((plan) => plan.profile.name));
  const stem = t('profile.copy_name', { name: profile.name });
  let name = stem;
  for (let number = 2; taken.has(name); number++) name = `${stem}-${number}`;
  return { ...profile, name, summary: maybe(`profile.summary.${profile.name}`) ?? profile.summary, builtin: false };
}

/** The optimization profile: what each would need is shown before it is applied; a switch that fails goes back by itself. */
export function ProfileChoice() {
  const { plans, error, active, switching, switchError, load, switchTo, stopSwitch, deleteProfile } = useModels();
  const [chosen, setChosen] = useState<string | null>(null);
  const [editing, setEditing] = useState<{ from: Profile; replaces: string | null } | null>(null);
  useEffect(() => void load(), [load]);
  if (error) return <ErrorState error={error} onRetry={() => void load()} />;
  if (!plans)
    return (
      <p className="quiet" role="status">
        {t('profile.loading')}
      </p>
    );
  const shown = plans.find((plan) => plan.profile.name === (chosen ?? active)) ?? plans[0];
  const most =
    Math.max(...plans.map((plan) => totalOf(plan.predicted)), ...plans.map((plan) => plan.available_mib), 1) * 1.02;
  return (
    <div className="profile-choice">
      <div className="profile-list" role="radiogroup" aria-label={t('profile.title')}>
        {plans.map((plan) => {
          const { name, summary } = plan.profile;
          return (
            <label key={name} className={shown?.profile.name === name ? 'profile-option shown' : 'profile-option'}>
              <input
                type="radio"
                name="profile"
                checked={shown?.profile.name === name}
                onChange={() => {
                  setChosen(name);
                  setEditing(null);
                }}
              />
              <span className="profile-words">
                <span className="profile-name">
                  {profileName(name)}
                  {name === active && <span className="tag">{t('profile.active')}</span>}
                </span>
                <span className="small quiet">{maybe(`profile.summary.${name}`) ?? summary}</span>
              </span>
              {plan.missing && <span className="small quiet">{t('profile.absent')}</span>}
              {plan.predicted.length > 0 && (
                <span className={plan.fits ? 'small tabular' : 'small tabular tone-amber'}>
                  {memory(totalOf(plan.predicted))}
                  {!plan.fits && <TriangleAlert size={14} aria-label={t('models.tight')} />}
                </span>
              )}
            </label>
          );
        })}
      </div>
      {editing && (
        <div className="profile-detail">
          <ProfileEditor
            {...editing}
            onSaved={(name) => {
              setChosen(name);
              setEditing(null);
            }}
            onCancel={() => setEditing(null)}
          />
        </div>
      )}
      {shown && !editing && (
        <div className="profile-detail">
          {shown.predicted.length > 0 ? (
            <Prediction plan={shown} most={most} />
          ) : (
            <p className="small quiet">{t('profile.no_model')}</p>
          )}
          <p>
            {t('profile.context', {
              tokens: count(shown.context_tokens),
              pages: count(shown.context_tokens / TOKENS_A_PAGE),
            })}{' '}
            <span className="small quiet">n_ctx</span>
          </p>
          {shown.reason && (
            <p className="small quiet">
              <Words text={wordsOf(shown.reason)} />
            </p>
          )}
          {shown.steps.map((step) => (
            <p key={step.code} className="small tone-amber" title={plainWords(step.message)}>
              <Words text={wordsOf(step)} />
            </p>
          ))}
          {shown.missing && <Missing weights={shown.missing} make={shown.make} />}
          {switching ? (
            <Progress
              label={t('profile.switching', {
                profile: profileName(switching.profile),
                stage: maybe(`stage.${switching.stage}`) ?? switching.stage,
              })}
              done={switching.done}
              total={switching.total}
              onStop={stopSwitch}
            />
          ) : (
            <button
              type="button"
              className="button primary"
              disabled={shown.profile.name === active || shown.missing !== null}
              onClick={() => void switchTo(shown.profile.name)}
            >
              {shown.profile.name === active ? t('profile.is_active') : t('profile.apply')}
            </button>
          )}
          {switchError && (
            <div className="turn-error" role="alert">
              <ErrorText error={switchError.error} />
              <p className="small">{t('profile.restored', { profile: profileName(switchError.restored) })}</p>
            </div>
          )}
          <details>
            <summary>{t('profile.parameters')}</summary>
            <dl className="parameters">
              {parametersOf(shown.profile, shown.execution).map(({ key, name, label, value, here, why }) => (
                <div key={key}>
                  <dt>
                    {label} <span className="small quiet">{name}</span>
                  </dt>
                  <dd className="tabular">{value}</dd>
                  {here && <dd className="here small">{t('parameter.here', { value: here })}</dd>}
                  <dd className="small quiet">{why}</dd>
                </div>
              ))}
            </dl>
          </details>
          <div className="profile-actions">
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
          </div>
        </div>
      )}
    </div>
  );
}
