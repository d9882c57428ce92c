import { describe, expect, it } from 'vitest';
import type { Page } from '@/ipc';
import { bandsOf, linesOf } from './highlight';

const page: Page = {
  number: 1,
  text: 'one two three',
  headings: [],
  drawable: true,
  recognised: false,
  size: [100, 100],
  words: [
    { span: { start: 0, end: 3 }, rect: { x0: 10, y0: 10, x1: 30, y1: 20 } },
    { span: { start: 4, end: 7 }, rect: { x0: 34, y0: 10, x1: 54, y1: 20 } },
    { span: { start: 8, end: 13 }, rect: { x0: 10, y0: 24, x1: 40, y1: 34 } },
  ],
};

describe('highlight', () => {
  it('is one band a line', () => {
    expect(bandsOf(page, { start: 0, end: 13 })).toEqual([
      { x0: 10, y0: 10, x1: 54, y1: 20 },
      { x0: 10, y0: 24, x1: 40, y1: 34 },
    ]);
  });

  it('covers the words that the span touches and no others', () => {
    expect(bandsOf(page, { start: 5, end: 6 })).toEqual([{ x0: 34, y0: 10, x1: 54, y1: 20 }]);
    expect(bandsOf(page, { start: 3, end: 4 })).toEqual([]);
  });

  it('gathers words into running text', () => {
    expect(linesOf(page).map((line) => line.text)).toEqual(['one two', 'three']);
  });
});
