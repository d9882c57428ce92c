import type { Span } from '@/ipc/types';

/** Offsets of spans count Unicode scalar values, strings count UTF-16 units: cuts `text` at scalar offsets. */
export function sliceSpan(text: string, span: Span): string {
  return text.slice(unitsAt(text, span.start), unitsAt(text, span.end));
}

/** UTF-16 index of a scalar offset; past the end gives the length. */
export function unitsAt(text: string, scalars: number): number {
  let units = 0;
  for (let left = scalars; left > 0 && units < text.length; left--) {
    const code = text.codePointAt(units);
    units += code !== undefined && code > 0xffff ? 2 : 1;
  }
  return units;
}

export function overlaps(a: Span, b: Span): boolean {
  return a.start < b.end && b.start < a.end;
}
