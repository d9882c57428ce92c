import { type Key, useLayoutEffect, useReducer, useRef } from 'react';

interface Keyed {
  key: Key | bigint;
}

/** Which of the wanted are drawn now: those that were drawn before, and so many more, next to them or else from the end. */
export function nextStep<T extends Keyed>(wanted: readonly T[], drawn: ReadonlySet<unknown>, most: number): T[] {
  const first = wanted.findIndex(({ key }) => drawn.has(key));
  const last = wanted.findLastIndex(({ key }) => drawn.has(key));
  const distance = (at: number): number =>
    first < 0 ? wanted.length - at : at < first ? first - at : Math.max(0, at - last);
  const added = wanted
    .map(({ key }, at) => ({ key, far: distance(at) }))
    .filter(({ key }) => !drawn.has(key))
    .sort((a, b) => a.far - b.far)
    .slice(0, most)
    .map(({ key }) => key);
  return wanted.filter(({ key }) => drawn.has(key) || added.includes(key));
}

/** Draws a list a few entries a frame, so that no task takes long however many come into sight at once. */
export function useInSteps<T extends Keyed>(wanted: readonly T[], most: number): readonly T[] {
  const drawn = useRef<ReadonlySet<unknown>>(new Set());
  // Drawn anew since the last frame: a frame may draw the list several times. The first has enough to do with the list itself.
  const spent = useRef(most);
  const [, again] = useReducer((step: number) => step + 1, 0);
  const room = drawn.current.size === 0 ? 1 : most;
  const now = nextStep(wanted, drawn.current, Math.max(0, room - spent.current));
  const left = now.length < wanted.length;
  useLayoutEffect(() => {
    const before = drawn.current;
    drawn.current = new Set(now.map(({ key }) => key));
    spent.current += now.filter(({ key }) => !before.has(key)).length;
    if (spent.current === 0) return;
    const frame = requestAnimationFrame(() => {
      spent.current = 0;
      if (left) again();
    });
    return () => cancelAnimationFrame(frame);
  });
  return now;
}
