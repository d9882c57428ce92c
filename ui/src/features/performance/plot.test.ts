import { expect, it } from 'vitest';
import { linesOf, roundUp } from './lines';

it('ends a plot at a round number at or above its highest value', () => {
  expect([0, 0.3, 1, 38.2, 42, 60, 1720].map(roundUp)).toEqual([1, 0.5, 1, 50, 50, 100, 2000]);
});

it('draws no line where nothing was read and where nobody listened', () => {
  const at = (time: number, value: number | null) => ({ at: time, value });
  const readings = [at(0, 1), at(500, 2), at(1000, null), at(1500, 3), at(2000, 4), at(9000, 5)];
  expect(linesOf(readings).map((line) => line.map(({ value }) => value))).toEqual([[1, 2], [3, 4], [5]]);
  expect(linesOf([])).toEqual([]);
});
