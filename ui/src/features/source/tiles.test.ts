import { describe, expect, it } from 'vitest';
import { seenIn, tilesOf, wholeScale } from './tiles';

describe('tiles', () => {
  it('are drawn only where a page is too large for one piece', () => {
    expect(wholeScale([595, 842], 2)).toBe(2);
    const scale = wholeScale([595, 842], 6);
    expect(scale * scale * 595 * 842).toBeCloseTo(4_000_000);
  });

  it('cover what is seen, and are cut at the edge of the page', () => {
    expect(tilesOf([2500, 3000], { left: 0, top: 1100, right: 900, bottom: 1500 })).toEqual([[0, 1024, 1024, 1024]]);
    expect(tilesOf([2500, 3000], { left: 2000, top: 2900, right: 9000, bottom: 9000 })).toEqual([
      [1024, 2048, 1024, 952],
      [2048, 2048, 452, 952],
    ]);
    expect(tilesOf([2500, 3000], { left: -900, top: -900, right: -10, bottom: -10 })).toEqual([]);
  });
});

describe('what is seen of a page', () => {
  it('is the part of the page as it is drawn, however it is rotated', () => {
    // 300 by 400, rotated to 400 by 300; in view is its upper left.
    const page = new DOMRect(10, 20, 400, 300);
    const view = new DOMRect(10, 20, 100, 50);
    expect(seenIn(view, new DOMRect(10, 20, 300, 400), 2, 0)).toEqual({ left: 0, top: 0, right: 200, bottom: 100 });
    expect(seenIn(view, page, 2, 1)).toEqual({ left: 0, top: 600, right: 100, bottom: 800 });
    expect(seenIn(view, page, 2, 3)).toEqual({ left: 500, top: 0, right: 600, bottom: 200 });
  });
});
