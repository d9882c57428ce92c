import type { Span } from '@/ipc/types';

/** Offsets of spans count Unicode scalar values, strings count UTF-16 units: cuts `text` at scalar offsets. */
export function sliceSpan(text: string, span: Span): string {
  return text.slice(unitsAt(text, span.start), unitsAt(text, span.end));
}

/** UTF-16 index of a scalar offset, counted from a UTF-16 index; past the end gives the length. */
export function unitsAt(text: string, scalars: number, from = 0): number {
  let units = from;
  for (let left = scalars; left > 0 && units < text.length; left--) {
    const code = text.codePointAt(units);
    units += code !== undefined && code > 0xffff ? 2 : 1;
  }
  return units;
}

/** The same for many offsets of one text, which is gone through once. */
export function unitsAtAll(text: string, scalars: readonly number[]): number[] {
  const found = new Map<number, number>();
  let [passed, units] = [0, 0];
  for (const at of [...new Set(scalars)].sort((a, b) => a - b)) {
    units = unitsAt(text, at - passed, units);
    passed = Math.max(passed, at);
    found.set(at, units);
  }
  return scalars.map((at) => found.get(at) ?? 0);
}

export function overlaps(a: Span, b: Span): boolean {
  return a.start < b.end && b.start < a.end;
}
