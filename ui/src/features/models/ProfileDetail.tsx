import type { ReactNode } from 'react';
import type { ProfilePlan, WeightType } from '@/ipc';
import { maybe, profileName, t, wordsOf } from '@/shared/i18n';
import { CodeBlock } from '@/shared/markdown/CodeBlock';
import { count } from '@/shared/text/format';
import { ErrorText, Progress } from '@/shared/ui/states';
import { plainWords, Words } from '@/shared/ui/Words';
import { Prediction } from './Prediction';
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

/** The switch to a profile: how far it is, and why it went back. */
function Switch({ plan: { profile, missing } }: { plan: ProfilePlan }) {
  const { active, switching, switchError, switchTo, stopSwitch } = useModels();
  const isActive = profile.name === active;
  return (
    <>
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
          disabled={isActive || missing !== null}
          onClick={() => void switchTo(profile.name)}
        >
          {isActive ? t('profile.is_active') : t('profile.apply')}
        </button>
      )}
      {switchError && (
        <div className="turn-error" role="alert">
          <ErrorText error={switchError.error} />
          <p className="small">{t('profile.restored', { profile: profileName(switchError.restored) })}</p>
        </div>
      )}
    </>
  );
}

function Parameters({ plan: { profile, execution } }: { plan: ProfilePlan }) {
  return (
    <details>
      <summary>{t('profile.parameters')}</summary>
      <dl className="parameters">
        {parametersOf(profile, execution).map(({ key, name, label, value, here, why }) => (
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
  );
}

interface Properties {
  plan: ProfilePlan;
  /** Memory that fills the width, in MiB. */
  most: number;
  /** What can be done with the profile itself. */
  children: ReactNode;
}

/** What one profile would take and read, and the way to it. */
export function ProfileDetail({ plan, most, children }: Properties) {
  const { predicted, context_tokens: tokens, reason, steps, missing, make } = plan;
  return (
    <div className="profile-detail">
      {predicted.length > 0 ? (
        <Prediction plan={plan} most={most} />
      ) : (
        <p className="small quiet">{t('profile.no_model')}</p>
      )}
      <p>
        {t('profile.context', { tokens: count(tokens), pages: count(tokens / TOKENS_A_PAGE) })}{' '}
        <span className="small quiet">n_ctx</span>
      </p>
      {reason && (
        <p className="small quiet">
          <Words text={wordsOf(reason)} />
        </p>
      )}
      {steps.map((step) => (
        <p key={step.code} className="small tone-amber" title={plainWords(step.message)}>
          <Words text={wordsOf(step)} />
        </p>
      ))}
      {missing && <Missing weights={missing} make={make} />}
      <Switch plan={plan} />
      <Parameters plan={plan} />
      <div className="profile-actions">{children}</div>
    </div>
  );
}
