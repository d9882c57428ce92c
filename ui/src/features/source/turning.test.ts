import { describe, expect, it } from 'vitest';
import { wheelTurns } from './turning';

const BOTTOM = { top: false, bottom: true };
const TOP = { top: true, bottom: false };
const MIDDLE = { top: false, bottom: false };

describe('the wheel at the end of a page', () => {
  it('turns it where the movement begins there', () => {
    const turns = wheelTurns();
    expect(turns({ delta: 120, at: 0, ...BOTTOM })).toBe(1);
    const back = wheelTurns();
    expect(back({ delta: -120, at: 0, ...TOP })).toBe(-1);
  });

  it('only arrives there with what was in motion', () => {
    const turns = wheelTurns();
    const moved = [
      { delta: 120, at: 0, ...MIDDLE },
      { delta: 120, at: 60, ...BOTTOM },
      { delta: 90, at: 120, ...BOTTOM },
      { delta: 40, at: 300, ...BOTTOM },
    ].map(turns);
    expect(moved).toEqual([null, null, null, null]);
    expect(turns({ delta: 120, at: 900, ...BOTTOM })).toBe(1);
  });

  it('turns one page a movement', () => {
    const turns = wheelTurns();
    const ends = { top: true, bottom: true };
    expect([0, 50, 100, 150].map((at) => turns({ delta: 120, at, ...ends }))).toEqual([1, null, null, null]);
    expect(turns({ delta: 120, at: 500, ...ends })).toBe(1);
  });

  it('is not turned by a touch, nor the wrong way', () => {
    const turns = wheelTurns();
    expect(turns({ delta: 4, at: 0, ...BOTTOM })).toBeNull();
    expect(turns({ delta: -300, at: 20, ...BOTTOM })).toBeNull();
    expect(turns({ delta: -300, at: 600, ...BOTTOM })).toBeNull();
  });
});
