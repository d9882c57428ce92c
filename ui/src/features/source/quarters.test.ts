import { describe, expect, it } from 'vitest';
import { opposite, type Quarters, rectAt, rotated, sizeAt, transformAt } from './quarters';

const PAGE = [600, 800] as const;
/** Near the upper left corner, wider than high. */
const MARK = { x0: 10, y0: 20, x1: 110, y1: 40 };
const ALL: readonly Quarters[] = [0, 1, 2, 3];

describe('a rectangle of a rotated page', () => {
  it('goes round with its corner of the page', () => {
    expect(ALL.map((quarters) => rectAt(MARK, PAGE, quarters))).toEqual([
      MARK,
      { x0: 760, y0: 10, x1: 780, y1: 110 },
      { x0: 490, y0: 760, x1: 590, y1: 780 },
      { x0: 20, y0: 490, x1: 40, y1: 590 },
    ]);
  });

  it('is where it was after the way back', () => {
    for (const quarters of ALL) {
      const there = rectAt(MARK, PAGE, quarters);
      expect(rectAt(there, sizeAt(PAGE, quarters), opposite(quarters))).toEqual(MARK);
    }
  });

  it('lies where CSS lays it', () => {
    for (const quarters of ALL) {
      const [, x = 0, y = 0, degrees = 0] =
        /translate\((\d+)px, (\d+)px\) rotate\((\d+)deg\)/.exec(transformAt(PAGE, quarters) ?? '')?.map(Number) ?? [];
      const angle = (degrees * Math.PI) / 180;
      const place = (px: number, py: number): [number, number] => [
        Math.round(x + px * Math.cos(angle) - py * Math.sin(angle)),
        Math.round(y + px * Math.sin(angle) + py * Math.cos(angle)),
      ];
      const corners = [place(MARK.x0, MARK.y0), place(MARK.x1, MARK.y1)] as const;
      const [xs, ys] = [corners.map(([at]) => at), corners.map(([, at]) => at)];
      const laid = { x0: Math.min(...xs), y0: Math.min(...ys), x1: Math.max(...xs), y1: Math.max(...ys) };
      expect(laid).toEqual(rectAt(MARK, PAGE, quarters));
    }
  });
});

describe('a page', () => {
  it('is as it was after four quarters, either way round', () => {
    for (const by of [1, -1] as const) {
      let quarters: Quarters = 0;
      const seen = ALL.map(() => {
        quarters = rotated(quarters, by);
        return quarters;
      });
      expect(seen).toEqual(by > 0 ? [1, 2, 3, 0] : [3, 2, 1, 0]);
    }
  });
});
