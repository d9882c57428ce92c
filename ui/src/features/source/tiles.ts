import type { Tile } from '@/ipc';
import { opposite, type Quarters, rectAt } from './quarters';

/** Side of a tile in pixels. */
const SIDE = 1024;
/** Most pixels of a page drawn in one piece; the engine allows more, but memory and time grow with the square of the zoom. */
const WHOLE = 4_000_000;

/** Pixels a point for the picture of the whole page: as asked, or less where it would be too large. */
export function wholeScale([width, height]: readonly [number, number], scale: number): number {
  return Math.min(scale, Math.sqrt(WHOLE / (width * height)));
}

/** What is seen of a page, in its pixels. */
export interface Seen {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** What a view shows of a page that is rotated; of the page as it is drawn, so many of its pixels to one of the screen. */
export function seenIn(view: DOMRect, page: DOMRect, factor: number, quarters: Quarters): Seen {
  const rotated = {
    x0: view.left - page.left,
    y0: view.top - page.top,
    x1: view.right - page.left,
    y1: view.bottom - page.top,
  };
  const { x0, y0, x1, y1 } = rectAt(rotated, [page.width, page.height], opposite(quarters));
  return { left: x0 * factor, top: y0 * factor, right: x1 * factor, bottom: y1 * factor };
}

/** The tiles that cover what is seen of a page of so many pixels; those at its edge are cut to it. */
export function tilesOf([width, height]: readonly [number, number], seen: Seen): Tile[] {
  const tiles: Tile[] = [];
  const first = (at: number): number => Math.max(0, Math.floor(at / SIDE));
  for (let row = first(seen.top); row * SIDE < Math.min(height, seen.bottom); row++)
    for (let column = first(seen.left); column * SIDE < Math.min(width, seen.right); column++) {
      const [left, top] = [column * SIDE, row * SIDE];
      tiles.push([left, top, Math.min(SIDE, width - left), Math.min(SIDE, height - top)]);
    }
  return tiles;
}
