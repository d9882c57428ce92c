import type { ReactNode } from 'react';
import type { Settings } from '@/ipc';
import { t } from '@/shared/i18n';
import { Field } from './Field';

/** What each part of the settings is given. */
export interface SectionProperties {
  settings: Settings;
  change: (change: Partial<Settings>) => void;
}

/** Settings that hold a value of this type. */
type KeyOf<T> = { [K in keyof Settings]: Settings[K] extends T ? K : never }[keyof Settings];

interface Described {
  /** Its words are `settings.<words>` and `settings.<words>_text`. */
  words:
    | 'backend'
    | 'theme'
    | 'text_size'
    | 'language'
    | 'embedder'
    | 'precision'
    | 'reranker'
    | 'first_token'
    | 'source_tokens'
    | 'answer_tokens'
    | 'rerank_budget'
    | 'remote_url'
    | 'remote_model'
    | 'remote_key';
}

function words(of: Described['words']): { label: string; text: string } {
  return { label: t(`settings.${of}`), text: t(`settings.${of}_text`) };
}

interface NumberProperties extends SectionProperties, Described {
  id: KeyOf<number | null> & string;
  min: number;
  max: number;
  step: number;
}

/** A number, taken when the field is left; what lies outside is brought to the nearest bound. */
export function NumberSetting({ id, words: of, min, max, step, settings, change }: NumberProperties) {
  const value = settings[id] as number | null;
  return (
    <Field id={id} name={id} {...words(of)}>
      <input
        key={value}
        id={id}
        type="number"
        className="field number-field tabular"
        aria-describedby={`${id}-text`}
        defaultValue={value ?? ''}
        min={min}
        max={max}
        step={step}
        onBlur={(event) => {
          const given = event.target.value === '' ? Number.NaN : Number(event.target.value);
          if (Number.isFinite(given) && given !== value) change({ [id]: Math.max(min, Math.min(max, given)) });
        }}
        onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
      />
    </Field>
  );
}

interface TextProperties extends SectionProperties, Described {
  id: 'remote_url' | 'remote_model' | 'remote_api_key';
  secret?: boolean;
}

/** A line of text, taken when the field is left. */
export function TextSetting({ id, words: of, secret = false, settings, change }: TextProperties) {
  const value = settings[id] ?? '';
  return (
    <Field id={id} name={id} {...words(of)}>
      <input
        key={value}
        id={id}
        type={secret ? 'password' : 'text'}
        autoComplete="off"
        spellCheck={false}
        className="field"
        aria-describedby={`${id}-text`}
        defaultValue={value}
        onBlur={(event) => {
          const given = event.target.value.trim();
          if (given !== value) change({ [id]: given === '' && secret ? null : given });
        }}
        onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
      />
    </Field>
  );
}

interface SelectProperties extends Described {
  id: string;
  /** The parameter's real name. */
  name?: string;
  value: string | number;
  options: readonly (readonly [value: string | number, label: ReactNode])[];
  onChange: (value: string) => void;
}

/** One of a few. */
export function SelectSetting({ id, words: of, name, value, options, onChange }: SelectProperties) {
  return (
    <Field id={id} {...words(of)} {...(name && { name })}>
      <select id={id} aria-describedby={`${id}-text`} value={value} onChange={(event) => onChange(event.target.value)}>
        {options.map(([each, words]) => (
          <option key={each} value={each}>
            {words}
          </option>
        ))}
      </select>
    </Field>
  );
}
