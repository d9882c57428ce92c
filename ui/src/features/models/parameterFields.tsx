import { type ReactNode, useId } from 'react';
import { maybe } from '@/shared/i18n';

interface Described {
  /** Its words are `parameter.<words>` and `parameter.<words>_why`. */
  words: string;
  /** As llama.cpp calls it. */
  name: string;
}

/** One parameter: plain words, its real name, its control, and what it does. */
export function Parameter({ words, name, children }: Described & { children: (id: string) => ReactNode }) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id}>
        {maybe(`parameter.${words}`) ?? words} <span className="small quiet">{name}</span>
      </label>
      <span>{children(id)}</span>
      <p className="small quiet">{maybe(`parameter.${words}_why`)}</p>
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

/** A number as it is typed; an emptied field is no number. */
export function NumberField({ id, value, min, max, step = 1, label, onChange }: NumberProperties) {
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

interface SelectProperties<T extends string> extends Described {
  value: T;
  options: readonly (readonly [value: T, label: string])[];
  onChange: (value: T) => void;
  /** What stands beside it. */
  children?: (id: string) => ReactNode;
}

/** A parameter that is one of a few. */
export function SelectParameter<T extends string>({
  value,
  options,
  onChange,
  children,
  ...described
}: SelectProperties<T>) {
  return (
    <Parameter {...described}>
      {(id) => (
        <>
          <select
            id={id}
            value={value}
            onChange={({ target }) => {
              const chosen = options.find(([each]) => each === target.value);
              if (chosen) onChange(chosen[0]);
            }}
          >
            {options.map(([each, label]) => (
              <option key={each} value={each}>
                {label}
              </option>
            ))}
          </select>{' '}
          {children?.(id)}
        </>
      )}
    </Parameter>
  );
}

interface SwitchProperties extends Described {
  checked: boolean;
  onChange: (checked: boolean) => void;
}

/** A parameter that is on or off. */
export function SwitchParameter({ checked, onChange, ...described }: SwitchProperties) {
  return (
    <Parameter {...described}>
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
