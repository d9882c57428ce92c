import type { Span } from '@/ipc';
import { sliceSpan } from './spans';

/** Share of a quote's words that must stand at a place for it to be marked: a wrong mark is worse than none. */
const ENOUGH = 0.5;

function wordsIn(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

function share(quote: string, there: string): number {
  const wanted = wordsIn(quote);
  if (wanted.length === 0) return 1;
  const found = new Set(wordsIn(there));
  return wanted.filter((word) => found.has(word)).length / wanted.length;
}

/**
 * Where a quote stands in a page's text now: at its span; elsewhere when the document was read again since; `null` when it is
 * no longer on the page.
 */
export function locate(text: string, span: Span, quote: string): Span | null {
  if (share(quote, sliceSpan(text, span)) >= ENOUGH) return span;
  const pattern = quote
    .trim()
    .split(/\s+/)
    .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('\\s+');
  const match = pattern === '' ? null : new RegExp(pattern, 'u').exec(text);
  if (!match) return null;
  const start = [...text.slice(0, match.index)].length;
  return { start, end: start + [...match[0]].length };
}
