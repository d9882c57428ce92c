import type { Page, Rect, Span } from '@/ipc';
import { overlaps } from '@/shared/text/spans';

/**
 * Whether a word goes on the line that ends in another's rectangle, to its right or, where it is written from right to left, to its
 * left; `gap` is how far off it may be, in heights.
 */
function goesOn(line: Rect, { x0, y0, x1, y1 }: Rect, gap: number): boolean {
  const height = y1 - y0;
  if (Math.abs(line.y0 - y0) >= height * 0.5) return false;
  return (x0 >= line.x0 && x0 - line.x1 < height * gap) || (x1 <= line.x1 && line.x0 - x1 < height * gap);
}

/** The least rectangle around both. */
function around(a: Rect, b: Rect): Rect {
  return { x0: Math.min(a.x0, b.x0), y0: Math.min(a.y0, b.y0), x1: Math.max(a.x1, b.x1), y1: Math.max(a.y1, b.y1) };
}

/** Rectangles of a span: its words, joined line by line, so that a passage is one band a line and not a row of islands. */
export function bandsOf(page: Page, span: Span): Rect[] {
  const bands: Rect[] = [];
  for (const word of page.words) {
    if (!overlaps(word.span, span)) continue;
    const last = bands.at(-1);
    if (last && goesOn(last, word.rect, 3)) bands[bands.length - 1] = around(last, word.rect);
    else bands.push({ ...word.rect });
  }
  return bands;
}

/** A line of words for the selectable layer. */
export interface TextLine {
  text: string;
  rect: Rect;
}

/** The words of a page gathered into lines, so that selecting and copying give running text. */
export function linesOf(page: Page): TextLine[] {
  const characters = [...page.text];
  const lines: TextLine[] = [];
  let end = 0;
  for (const { span, rect } of page.words) {
    const text = characters.slice(span.start, span.end).join('');
    const last = lines.at(-1);
    if (last && goesOn(last.rect, rect, 1.5)) {
      // Where nothing parts them in the page's text they are one word, such as in Chinese.
      last.text += span.start === end ? text : ` ${text}`;
      last.rect = around(last.rect, rect);
    } else lines.push({ text, rect: { ...rect } });
    end = span.end;
  }
  return lines;
}
