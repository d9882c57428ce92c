import { expect, it } from 'vitest';
import { roundUp } from './Plot';

it('ends a plot at a round number at or above its highest value', () => {
  expect([0, 0.3, 1, 38.2, 42, 60, 1720].map(roundUp)).toEqual([1, 0.5, 1, 50, 50, 100, 2000]);
});
