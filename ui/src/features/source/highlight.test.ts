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

  it('is one band a line from right to left too', () => {
    const word = (start: number, end: number, x0: number, y0: number) => ({
      span: { start, end },
      rect: { x0, y0, x1: x0 + 20, y1: y0 + 10 },
    });
    const arabic = {
      ...page,
      text: 'واحد اثنان ثلاثة',
      words: [word(0, 4, 70, 10), word(5, 10, 46, 10), word(11, 16, 70, 24)],
    };
    expect(bandsOf(arabic, { start: 0, end: 16 })).toEqual([
      { x0: 46, y0: 10, x1: 90, y1: 20 },
      { x0: 70, y0: 24, x1: 90, y1: 34 },
    ]);
    expect(linesOf(arabic).map((line) => line.text)).toEqual(['واحد اثنان', 'ثلاثة']);
    const columns = { ...page, words: [word(0, 3, 300, 10), word(4, 7, 10, 10)] };
    expect(bandsOf(columns, { start: 0, end: 7 })).toHaveLength(2);
  });

  it('parts no words that the page does not part', () => {
    const words = page.words.map(({ rect }, at) => ({ rect, span: { start: at * 2, end: at * 2 + 2 } }));
    expect(linesOf({ ...page, text: '租赁合同押金', words }).map((line) => line.text)).toEqual(['租赁合同', '押金']);
  });

  it('gathers words into running text', () => {
    expect(linesOf(page).map((line) => line.text)).toEqual(['one two', 'three']);
  });
});
