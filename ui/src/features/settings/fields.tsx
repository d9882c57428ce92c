import type { ReactNode } from 'react';
import type { Settings } from '@/ipc';
import { t } from '@/shared/i18n';
import { isComposing } from '@/shared/ui/composing';
import { useWritten } from '@/shared/ui/useWritten';
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
    | 'thinking'
    | 'recognise_scans'
    | 'offline'
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
    | 'remote_key'
    | 'remote_context';
}

function words(of: Described['words']): { label: string; text: string } {
  return { label: t(`settings.${of}`), text: t(`settings.${of}_text`) };
}

interface NumberProperties extends SectionProperties, Described {
  id: KeyOf<number | null> & string;
  min: number;
  max: number;
  step: number;
  note?: ReactNode;
}

/** A whole number, taken with Enter or when the field is left; what lies outside is brought to the nearest bound, and said so. */
export function NumberSetting({ id, words: of, min, max, step, note, settings, change }: NumberProperties) {
  const value = settings[id] as number | null;
  const field = useWritten(String(value ?? ''));
  const take = (input: HTMLInputElement): void => {
    const given = input.value === '' ? Number.NaN : Math.round(Number(input.value));
    const taken = Number.isFinite(given) ? Math.max(min, Math.min(max, given)) : value;
    input.value = String(taken ?? '');
    if (taken !== value) change({ [id]: taken });
  };
  return (
    <Field id={id} name={id} note={note} {...words(of)}>
      <input
        ref={field}
        id={id}
        type="number"
        className="field number-field tabular"
        aria-describedby={`${id}-text`}
        defaultValue={value ?? ''}
        min={min}
        max={max}
        step={step}
        onBlur={(event) => take(event.target)}
        onKeyDown={(event) => event.key === 'Enter' && take(event.currentTarget)}
      />
    </Field>
  );
}

interface TextProperties extends SectionProperties, Described {
  id: 'remote_url' | 'remote_model' | 'remote_api_key';
  secret?: boolean;
  note?: ReactNode;
  /** What stands beside the field. */
  children?: ReactNode;
}

/** A line of text, taken with Enter or when the field is left. */
export function TextSetting({ id, words: of, secret = false, note, children, settings, change }: TextProperties) {
  const value = settings[id] ?? '';
  const field = useWritten(value);
  const take = (input: HTMLInputElement): void => {
    const given = input.value.trim();
    input.value = given;
    if (given !== value) change({ [id]: given === '' && secret ? null : given });
  };
  return (
    <Field id={id} name={id} note={note} {...words(of)}>
      <input
        ref={field}
        id={id}
        type={secret ? 'password' : 'text'}
        autoComplete="off"
        spellCheck={false}
        className="field"
        aria-describedby={`${id}-text`}
        defaultValue={value}
        onBlur={(event) => take(event.target)}
        onKeyDown={(event) => event.key === 'Enter' && !isComposing(event) && take(event.currentTarget)}
      />
      {children}
    </Field>
  );
}

interface SwitchProperties extends SectionProperties, Described {
  id: KeyOf<boolean> & string;
  /** The parameter's real name. */
  name?: string;
}

/** On or off. */
export function SwitchSetting({ id, words: of, name, settings, change }: SwitchProperties) {
  return (
    <Field id={id} {...words(of)} {...(name && { name })}>
      <input
        id={id}
        type="checkbox"
        className="switch"
        aria-describedby={`${id}-text`}
        checked={settings[id]}
        onChange={(event) => change({ [id]: event.target.checked })}
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
