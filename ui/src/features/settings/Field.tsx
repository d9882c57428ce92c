import { createContext, type ReactNode, useContext } from 'react';

/** What is searched for in the settings, in small letters; empty where all are shown. */
export const Wanted = createContext('');

function useWanted(...words: (string | undefined)[]): boolean {
  const wanted = useContext(Wanted);
  return wanted === '' || words.join(' ').toLowerCase().includes(wanted);
}

interface Properties {
  id: string;
  label: string;
  /** The parameter's real name. */
  name?: string;
  text: string;
  /** What is known of it now. */
  note?: ReactNode;
  children: ReactNode;
}

/** One setting: plain words, a line of explanation, its control. */
export function Field({ id, label, name, text, note, children }: Properties) {
  if (!useWanted(label, name, text)) return null;
  return (
    <div className={note === undefined ? 'setting' : 'setting noted'} data-setting={id}>
      <div className="setting-words">
        <label htmlFor={id}>
          {label}
          {name && <span className="small quiet"> {name}</span>}
        </label>
        <p className="small quiet" id={`${id}-text`}>
          {text}
        </p>
        {note}
      </div>
      <div className="setting-control">{children}</div>
    </div>
  );
}

/** A setting that is more than one control, below its words. */
export function Stacked({ label, text, children }: { label: string; text: string; children: ReactNode }) {
  if (!useWanted(label, text)) return null;
  return (
    <div className="setting stacked">
      <div className="setting-words">
        <h3>{label}</h3>
        <p className="small quiet">
          <bdi>{text}</bdi>
        </p>
      </div>
      {children}
    </div>
  );
}
