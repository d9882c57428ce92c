import { useEffect } from 'react';

/**
 * What was opened gives the focus back where it came from when it is gone with it; where that is gone too, to `instead`. Focus that
 * was elsewhere by then stays there.
 */
export function useFocusBack(instead?: string): void {
  useEffect(() => {
    const before = document.activeElement;
    return () => {
      if (document.activeElement !== document.body) return;
      const back = before?.isConnected && before !== document.body ? before : null;
      const next = back ?? (instead === undefined ? null : document.querySelector(instead));
      if (next instanceof HTMLElement) next.focus();
    };
  }, [instead]);
}
