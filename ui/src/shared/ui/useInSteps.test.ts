import { describe, expect, it } from 'vitest';
import { nextStep } from './useInSteps';

const list = (...keys: string[]) => keys.map((key) => ({ key }));
const step = (wanted: string[], drawn: string[], most: number): string =>
  nextStep(list(...wanted), new Set(drawn), most)
    .map(({ key }) => key)
    .join('');

describe('a list drawn in steps', () => {
  it('begins at its end', () => {
    expect(step(['a', 'b', 'c', 'd'], [], 1)).toBe('d');
    expect(step(['a', 'b', 'c', 'd'], ['d'], 2)).toBe('bcd');
  });

  it('grows from what is there, on either side, and lets go what is out of sight', () => {
    expect(step(['b', 'c', 'd', 'e', 'f'], ['a', 'b', 'c'], 2)).toBe('bcde');
    expect(step(['a', 'b', 'c', 'd', 'e'], ['c', 'd', 'e', 'f'], 1)).toBe('bcde');
  });

  it('draws nothing new without room, and the whole where there is enough', () => {
    expect(step(['a', 'b'], ['b'], 0)).toBe('b');
    expect(step(['a', 'b'], [], 9)).toBe('ab');
  });
});
