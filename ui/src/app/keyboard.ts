import { type MessageKey, t } from '@/shared/i18n';

const MAC = navigator.platform.startsWith('Mac');
const SIGNS = { Escape: 'Esc', Plus: '+', Minus: '−' };
const NAMES: Record<string, string> = MAC ? { ...SIGNS, Mod: '⌘', Alt: '⌘' } : SIGNS;
/** Keys that a keyboard may have on a shifted key: what is held with them does not tell. */
const CHARACTERS: Record<string, readonly string[]> = { '?': ['?'], Plus: ['+', '='], Minus: ['-', '−'] };
const WORDS: Record<string, MessageKey> = {
  Shift: 'key.shift',
  Space: 'key.space',
  Delete: 'key.delete',
  PageDown: 'key.page_down',
  PageUp: 'key.page_up',
  Mod: 'key.control',
};

/** Keys as they are printed on the keyboard. */
export function keyNames(keys: string): string[] {
  return keys.split('+').map((key) => NAMES[key] ?? (WORDS[key] ? t(WORDS[key]) : key));
}

/** The key as shortcuts name it: where a layout writes no Latin letters (Greek, Russian, Arabic), the one that stands in its place. */
function latin({ key, code }: Pick<KeyboardEvent, 'key' | 'code'>): string {
  const inPlace = /^Key([A-Z])$/.exec(code)?.[1];
  return inPlace && /^\p{L}$/u.test(key) && !/^\p{Script=Latin}$/u.test(key) ? inPlace : key;
}

/** Whether a key press is the one a command names. */
export function matches(
  keys: string,
  event: Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>,
): boolean {
  const parts = keys.split('+');
  const key = parts.at(-1) ?? '';
  const modifier = MAC ? event.metaKey : event.ctrlKey;
  if (parts.includes('Mod') !== modifier || event.altKey) return false;
  const characters = CHARACTERS[key];
  if (characters) return characters.includes(event.key);
  if (parts.includes('Shift') !== event.shiftKey) return false;
  return latin(event).toLowerCase() === key.toLowerCase();
}

/** True where typed characters belong to a text. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches('input:not([type=checkbox]):not([type=radio]), textarea, select'))
  );
}
