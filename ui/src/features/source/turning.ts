import { type KeyboardEvent, type RefObject, useEffect } from 'react';
import { useSource } from './store';

/** Keys that enlarge and shrink the page, as in every reader. */
const ZOOM_KEYS: Record<string, () => void> = {
  '+': () => useSource.getState().stepZoom(1),
  '=': () => useSource.getState().stepZoom(1),
  '-': () => useSource.getState().stepZoom(-1),
  '0': () => useSource.getState().setZoom(1),
};

/** Keys that do the same on every page: they enlarge, shrink and rotate it. */
function viewKey(key: string, shift: boolean): (() => void) | undefined {
  if (key.toLowerCase() === 'r') return () => useSource.getState().rotate(shift ? -1 : 1);
  return ZOOM_KEYS[key];
}

/** Which ends of its page the view has reached. */
interface Ends {
  top: boolean;
  bottom: boolean;
}

function endsOf({ scrollTop, scrollHeight, clientHeight }: HTMLElement): Ends {
  return { top: scrollTop <= 0, bottom: scrollTop + clientHeight >= scrollHeight - 2 };
}

function turn(by: 1 | -1): void {
  const { page, goTo } = useSource.getState();
  goTo(page + by, by > 0 ? 'start' : 'end');
}

/** At the end of a page the keys that scroll it turn it. */
export function turningKeys(event: KeyboardEvent<HTMLElement>): void {
  if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
  const ends = endsOf(event.currentTarget);
  const space = event.key === ' ';
  const change = viewKey(event.key, event.shiftKey);
  if (change) change();
  else if (ends.bottom && (event.key === 'PageDown' || (space && !event.shiftKey))) turn(1);
  else if (ends.top && (event.key === 'PageUp' || (space && event.shiftKey))) turn(-1);
  else return;
  event.preventDefault();
}

/** Turns of a wheel nearer together are one movement, as is what a touch pad adds by itself. */
const MOVEMENT_MS = 200;
/** So far, in pixels, has to be turned for a page, or a step of the zoom: less than one notch of a wheel. */
const ENOUGH_PX = 30;

/**
 * Decides when the wheel turns the page: a movement that begins at its end does, once. One that only arrives there does not, so
 * that nobody who scrolls fast finds themselves pages further.
 */
export function wheelTurns(): (turned: { delta: number; at: number } & Ends) => 1 | -1 | null {
  let last = Number.NEGATIVE_INFINITY;
  let pushed = 0;
  let open = false;
  return ({ delta, at, top, bottom }) => {
    if (at - last > MOVEMENT_MS) {
      pushed = 0;
      open = delta > 0 ? bottom : top;
    }
    last = at;
    pushed += delta;
    if (!open || Math.abs(pushed) < ENOUGH_PX || !(pushed > 0 ? bottom : top)) return null;
    open = false;
    return pushed > 0 ? 1 : -1;
  };
}

/** The wheel scrolls a page and turns it at its end; with Ctrl it zooms. React listens passively, and the window must not scroll meanwhile. */
export function useWheel(scroller: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const turns = wheelTurns();
    /** How far has been zoomed since the last step. Two fingers on a touch pad tell many small turns. */
    let pinched = 0;
    const wheel = (event: WheelEvent): void => {
      const { ctrlKey, shiftKey, deltaX, deltaY, timeStamp } = event;
      const delta = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? deltaY : deltaY * ENOUGH_PX;
      if (ctrlKey) {
        event.preventDefault();
        pinched = pinched * delta < 0 ? delta : pinched + delta;
        if (Math.abs(pinched) < ENOUGH_PX) return;
        useSource.getState().stepZoom(pinched < 0 ? 1 : -1);
        pinched = 0;
        return;
      }
      if (shiftKey || Math.abs(deltaX) > Math.abs(deltaY)) return;
      const by = turns({ delta, at: timeStamp, ...endsOf(element) });
      if (by === null) return;
      event.preventDefault();
      turn(by);
    };
    element.addEventListener('wheel', wheel, { passive: false });
    return () => element.removeEventListener('wheel', wheel);
  }, [scroller]);
}
