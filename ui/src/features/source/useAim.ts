import { type RefObject, useLayoutEffect, useRef } from 'react';
import type { Page } from '@/ipc';
import type { Aim } from './store';

/**
 * Goes where the view is told to, once: when its page is there. What is enlarged, searched no longer or read anew stays where it is.
 * `topOf` gives the top of a passage or of what was found within the scrolled area, `null` where neither is on the page.
 */
export function useAim(
  aim: Aim,
  page: Page | null,
  content: RefObject<HTMLElement | null>,
  topOf: (at: 'passage' | 'found') => number | null,
): void {
  const reached = useRef<Aim | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another aim scrolls, when its page is there
  useLayoutEffect(() => {
    const scroller = content.current?.closest('.source-scroll');
    if (!scroller || reached.current === aim) return;
    if (aim.at === 'end') scroller.scrollTop = scroller.scrollHeight;
    else {
      const top = aim.at === 'start' ? null : topOf(aim.at);
      scroller.scrollTop = top === null ? 0 : Math.max(0, top - scroller.clientHeight / 3);
    }
    if (page) reached.current = aim;
  }, [aim, page]);
}
