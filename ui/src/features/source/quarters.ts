import type { Rect } from '@/ipc';

/** How far a page is rotated, clockwise, in quarters of a full turn. */
export type Quarters = 0 | 1 | 2 | 3;

type Size = readonly [width: number, height: number];

/** A quarter further. */
export function rotated(quarters: Quarters, by: 1 | -1): Quarters {
  return ((quarters + by + 4) % 4) as Quarters;
}

/** The way back. */
export function opposite(quarters: Quarters): Quarters {
  return ((4 - quarters) % 4) as Quarters;
}

/** What a page of that size takes up when it is rotated. */
export function sizeAt([width, height]: Size, quarters: Quarters): Size {
  return quarters % 2 === 0 ? [width, height] : [height, width];
}

/** Where a rectangle of a page of that size lies when the page is rotated. */
export function rectAt({ x0, y0, x1, y1 }: Rect, [width, height]: Size, quarters: Quarters): Rect {
  switch (quarters) {
    case 0:
      return { x0, y0, x1, y1 };
    case 1:
      return { x0: height - y1, y0: x0, x1: height - y0, y1: x1 };
    case 2:
      return { x0: width - x1, y0: height - y1, x1: width - x0, y1: height - y0 };
    case 3:
      return { x0: y0, y0: width - x1, x1: y1, y1: width - x0 };
  }
}

/** The same as CSS, about the upper left corner: the rotated page begins there again. */
export function transformAt([width, height]: Size, quarters: Quarters): string | undefined {
  if (quarters === 0) return undefined;
  const [x, y] = { 1: [height, 0], 2: [width, height], 3: [0, width] }[quarters] as [number, number];
  return `translate(${x}px, ${y}px) rotate(${90 * quarters}deg)`;
}
