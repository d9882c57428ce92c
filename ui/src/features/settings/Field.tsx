import type { ReactNode } from 'react';

interface Properties {
  id: string;
  label: string;
  /** The parameter's real name. */
  name?: string;
  text: string;
  children: ReactNode;
}

/** One setting: plain words, a line of explanation, its control. */
export function Field({ id, label, name, text, children }: Properties) {
  return (
    <div className="setting" data-setting={id}>
      <div className="setting-words">
        <label htmlFor={id}>
          {label}
          {name && <span className="small quiet"> {name}</span>}
        </label>
        <p className="small quiet" id={`${id}-text`}>
          {text}
        </p>
      </div>
      <div className="setting-control">{children}</div>
    </div>
  );
}
