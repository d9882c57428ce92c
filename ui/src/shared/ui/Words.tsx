import { tame } from '../text/tame';

/** A line of the engine: what stands in backticks (a file, a name, a command) is set apart. */
export function Words({ text }: { text: string }) {
  return tame(text)
    .split('`')
    .map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part));
}

/** The same where nothing can be set apart, such as in a tooltip. */
export function plainWords(text: string): string {
  return tame(text).replaceAll('`', '');
}
