import type { Page, Rect, Span } from '@/ipc';
import { overlaps } from '@/shared/text/spans';

/** Rectangles of a span: its words, joined line by line, so that a passage is one band a line and not a row of islands. */
export function bandsOf(page: Page, span: Span): Rect[] {
  const bands: Rect[] = [];
  for (const word of page.words) {
    if (!overlaps(word.span, span)) continue;
    const { x0, y0, x1, y1 } = word.rect;
    const last = bands.at(-1);
    const height = y1 - y0;
    const sameLine =
      last !== undefined && Math.abs(last.y0 - y0) < height * 0.5 && x0 >= last.x0 && x0 - last.x1 < height * 3;
    if (last && sameLine) {
      last.x1 = Math.max(last.x1, x1);
      last.y0 = Math.min(last.y0, y0);
      last.y1 = Math.max(last.y1, y1);
    } else bands.push({ x0, y0, x1, y1 });
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
  for (const word of page.words) {
    const text = characters.slice(word.span.start, word.span.end).join('');
    const { x0, y0, x1, y1 } = word.rect;
    const last = lines.at(-1);
    const height = y1 - y0;
    if (last && Math.abs(last.rect.y0 - y0) < height * 0.5 && x0 >= last.rect.x0 && x0 - last.rect.x1 < height * 1.5) {
      last.text += ` ${text}`;
      last.rect = {
        x0: last.rect.x0,
        y0: Math.min(last.rect.y0, y0),
        x1: Math.max(last.rect.x1, x1),
        y1: Math.max(last.rect.y1, y1),
      };
    } else lines.push({ text, rect: { x0, y0, x1, y1 } });
  }
  return lines;
}
