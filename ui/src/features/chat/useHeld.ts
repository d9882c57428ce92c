import { type RefObject, useMemo } from 'react';

/** So long after a press what it opens may lay the conversation out anew. */
const HELD_MS = 1000;
/** What opens a passage. */
const PRESSED = '.cite, .citation-line, .nearest-passage';

interface Held {
  /** Something was pressed. */
  hold: (pressed: EventTarget) => void;
  /** Somebody scrolls. */
  release: () => void;
  /** Brings what was pressed back to where it was; `false` where nothing is held. */
  keep: () => boolean;
}

/** What was pressed to open a passage stays under the pointer: the source takes room, and all lines above break anew. */
export function useHeld(scroller: RefObject<HTMLElement | null>): Held {
  return useMemo(() => {
    let held: { element: Element; top: number; until: number } | null = null;
    return {
      hold: (pressed) => {
        const element = pressed instanceof Element ? pressed.closest(PRESSED) : null;
        held = element && { element, top: element.getBoundingClientRect().top, until: performance.now() + HELD_MS };
      },
      release: () => {
        held = null;
      },
      keep: () => {
        const view = scroller.current;
        if (!view || !held?.element.isConnected || performance.now() > held.until) return false;
        view.scrollTop += held.element.getBoundingClientRect().top - held.top;
        return true;
      },
    };
  }, [scroller]);
}
