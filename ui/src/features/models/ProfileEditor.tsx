import { type FormEvent, type ReactNode, useId, useState } from 'react';
import type { Attention, ErrorReport, Offload, Profile, WeightType } from '@/ipc';
import { type MessageKey, maybe, t } from '@/shared/i18n';
import { ErrorText } from '@/shared/ui/states';
import { attentionName } from './parameters';
import { useModels } from './store';
import { weightsName } from './weights';

const WEIGHTS: readonly WeightType[] = ['q4_k_m', 'q8_0', 'f16'];

/** Attention and cache are one choice: a quantised cache needs flash attention. */
const ATTENTIONS: readonly Attention[] = [
  { kind: 'flash', kv: 'f16' },
  { kind: 'flash', kv: 'q8_0' },
  { kind: 'flash', kv: 'q4_0' },
  { kind: 'plain' },
];

interface ParameterProperties {
  /** Its words are `parameter.<key>` and `parameter.<key>_why`. */
  key_: string;
  /** As llama.cpp calls it. */
  name: string;
  children: (id: string) => ReactNode;
}

function Parameter({ key_: key, name, children }: ParameterProperties) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id}>
        {maybe(`parameter.${key}`) ?? key} <span className="small quiet">{name}</span>
      </label>
      <span>{children(id)}</span>
      <p className="small quiet">{maybe(`parameter.${key}_why`)}</p>
    </div>
  );
}

interface NumberProperties {
  id: string;
  value: number;
  min: number;
  max: number;
  step?: number;
  label?: string;
  onChange: (value: number) => void;
}

function NumberField({ id, value, min, max, step = 1, label, onChange }: NumberProperties) {
  return (
    <input
      id={id}
      type="number"
      className="field number-field tabular"
      aria-label={label}
      value={Number.isNaN(value) ? '' : value}
      min={min}
      max={max}
      step={step}
      onChange={(event) => onChange(event.target.valueAsNumber)}
    />
  );
}

interface SwitchProperties {
  key_: string;
  name: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

function SwitchParameter({ key_: key, name, checked, onChange }: SwitchProperties) {
  return (
    <Parameter key_={key} name={name}>
      {(id) => (
        <input
          id={id}
          type="checkbox"
          className="switch"
          checked={checked}
          onChange={(event) => onChange(event.target.checked)}
        />
      )}
    </Parameter>
  );
}

interface Properties {
  /** What the fields hold at first. */
  from: Profile;
  /** The profile that is changed; `null` where a new one is made. */
  replaces: string | null;
  onSaved: (name: string) => void;
  onCancel: () => void;
}

/** A profile of one's own: every parameter, with what it does. What the engine refuses is said and nothing is lost. */
export function ProfileEditor({ from, replaces, onSaved, onCancel }: Properties) {
  const save = useModels((state) => state.saveProfile);
  const [draft, setDraft] = useState(from);
  const [error, setError] = useState<ErrorReport | null>(null);
  const name = useId();
  const summary = useId();
  const change = (part: Partial<Profile>): void => {
    setDraft({ ...draft, ...part });
    setError(null);
  };
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const profile = { ...draft, name: draft.name.trim().replace(/\s+/g, '-') };
    // An emptied field is no number, which cannot be sent.
    const { context_tokens, n_batch, n_ubatch, threads, offload } = profile;
    const numbers = [context_tokens, n_batch, n_ubatch, threads, offload.kind === 'layers' ? offload.layers : 0];
    if (!numbers.every((number) => Number.isInteger(number) && number >= 0)) {
      setError({ code: 'invalid_profile', message: t('profile.not_a_number'), detail: null });
      return;
    }
    const refused = await save(profile, replaces);
    setError(refused);
    if (refused === null) onSaved(profile.name);
  };
  return (
    <form
      className="profile-editor"
      noValidate
      aria-label={t(replaces === null ? 'profile.copy' : 'profile.change')}
      onSubmit={(event) => void submit(event)}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onCancel();
      }}
    >
      <div className="profile-editor-words">
        <label htmlFor={name}>{t('profile.own_name')}</label>
        <input
          id={name}
          className="field"
          autoComplete="off"
          spellCheck={false}
          maxLength={64}
          // biome-ignore lint/a11y/noAutofocus: the form was opened to be filled in
          autoFocus
          value={draft.name}
          onChange={(event) => change({ name: event.target.value })}
          onFocus={(event) => event.target.select()}
        />
        <label htmlFor={summary}>{t('profile.own_summary')}</label>
        <input
          id={summary}
          className="field"
          autoComplete="off"
          maxLength={200}
          value={draft.summary}
          onChange={(event) => change({ summary: event.target.value })}
        />
      </div>
      <div className="parameters">
        <Parameter key_="weights" name="weights">
          {(id) => (
            <select
              id={id}
              value={draft.weights}
              onChange={(event) => change({ weights: event.target.value as WeightType })}
            >
              {WEIGHTS.map((weights) => (
                <option key={weights} value={weights}>
                  {weightsName(weights)}
                </option>
              ))}
            </select>
          )}
        </Parameter>
        <Parameter key_="attention" name="flash_attn, type_k = type_v">
          {(id) => (
            <select
              id={id}
              value={attentionName(draft.attention)}
              onChange={(event) => {
                const attention = ATTENTIONS.find((each) => attentionName(each) === event.target.value);
                if (attention) change({ attention });
              }}
            >
              {ATTENTIONS.map((attention) => (
                <option key={attentionName(attention)}>{attentionName(attention)}</option>
              ))}
            </select>
          )}
        </Parameter>
        <Parameter key_="context" name="n_ctx">
          {(id) => (
            <NumberField
              id={id}
              value={draft.context_tokens}
              min={512}
              max={262_144}
              step={512}
              onChange={(context_tokens) => change({ context_tokens })}
            />
          )}
        </Parameter>
        <Parameter key_="batch" name="n_batch / n_ubatch">
          {(id) => (
            <>
              <NumberField
                id={id}
                value={draft.n_batch}
                min={16}
                max={8192}
                step={16}
                onChange={(n_batch) => change({ n_batch })}
              />{' '}
              <NumberField
                id={`${id}-slice`}
                label={t('parameter.slice')}
                value={draft.n_ubatch}
                min={16}
                max={8192}
                step={16}
                onChange={(n_ubatch) => change({ n_ubatch })}
              />
            </>
          )}
        </Parameter>
        <Parameter key_="offload" name="n_gpu_layers">
          {(id) => (
            <>
              <select
                id={id}
                value={draft.offload.kind}
                onChange={(event) => {
                  const kind = event.target.value as Offload['kind'];
                  change({ offload: kind === 'layers' ? { kind, layers: 16 } : { kind } });
                }}
              >
                {(['auto', 'all', 'layers', 'none'] as const).map((kind) => (
                  <option key={kind} value={kind}>
                    {t(`offload.${kind}` as MessageKey)}
                  </option>
                ))}
              </select>{' '}
              {draft.offload.kind === 'layers' && (
                <NumberField
                  id={`${id}-layers`}
                  label={t('offload.layers')}
                  value={draft.offload.layers}
                  min={0}
                  max={999}
                  onChange={(layers) => change({ offload: { kind: 'layers', layers } })}
                />
              )}
            </>
          )}
        </Parameter>
        <Parameter key_="threads" name="n_threads">
          {(id) => (
            <NumberField id={id} value={draft.threads} min={0} max={256} onChange={(threads) => change({ threads })} />
          )}
        </Parameter>
        <SwitchParameter
          key_="graphs"
          name="cuda_graphs"
          checked={draft.graph_capture}
          onChange={(graph_capture) => change({ graph_capture })}
        />
        <SwitchParameter
          key_="speculation"
          name="prompt lookup"
          checked={draft.speculation}
          onChange={(speculation) => change({ speculation })}
        />
      </div>
      {error && (
        <div className="turn-error" role="alert">
          <ErrorText error={error} />
        </div>
      )}
      <div className="profile-actions">
        <button type="submit" className="button primary">
          {t('action.save')}
        </button>
        <button type="button" className="button" onClick={onCancel}>
          {t('action.cancel')}
        </button>
      </div>
    </form>
  );
}
