import { useSyncExternalStore } from 'react';
import { de } from './de';
import { en, type MessageKey } from './en';

export type { MessageKey } from './en';
export type Language = 'en' | 'de';

const CATALOGUES: Record<Language, Record<MessageKey, string>> = { en, de };

let current: Language = 'en';
const listeners = new Set<() => void>();

export function language(): Language {
  return current;
}

/** The language in the person's own region, where the system names one: dates and figures are written otherwise from one to the next. */
export function locale(): string {
  return navigator.languages.find((each) => each.split('-')[0] === current) ?? current;
}

/** Follows the setting; `system` is the window's own language where it is there, else English. */
export function setLanguage(setting: string): void {
  const wanted = setting === 'system' ? navigator.language.slice(0, 2) : setting;
  const next: Language = wanted === 'de' ? 'de' : 'en';
  document.documentElement.lang = next;
  if (next === current) return;
  current = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Renders again when the language changes. */
export function useLanguage(): Language {
  return useSyncExternalStore(subscribe, language);
}

/**
 * The string of a key. `{name}` is replaced by that value; of two forms separated by ` | ` the first stands when `n` is one.
 */
export function t(key: MessageKey, values: Record<string, string | number> = {}): string {
  const forms = CATALOGUES[current][key].split(' | ');
  const amount = values.n;
  const form = forms.length > 1 && Number(amount) !== 1 ? forms[1] : forms[0];
  return (form ?? key).replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? value.toLocaleString(locale()) : value;
  });
}

/** The string of a key made from data (a state, a stage), or `null` when the catalogue has none. */
export function maybe(key: string, values: Record<string, string | number> = {}): string | null {
  return key in en ? t(key as MessageKey, values) : null;
}

/** A profile's name in the person's language; one's own profiles keep theirs. */
export function profileName(name: string): string {
  return maybe(`profile.name.${name}`) ?? name;
}

/**
 * The words of a failure or a notice: the engine speaks English and names particulars; in another language the catalogue's own
 * text for its code stands, and the particulars go with the details.
 */
export function wordsOf({ code, message }: { code: string; message: string }): string {
  return (current === 'en' ? null : (maybe(`error.${code}`) ?? maybe(`notice.${code}`))) ?? message;
}
