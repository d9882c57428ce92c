import { useEffect } from 'react';
import { openCitationNumber, stopEverything } from './actions';
import { COMMANDS, isTyping, matches } from './commands';
import { SOURCE_OVERLAY, useLayout } from './layout';

function onEscape(): void {
  const layout = useLayout.getState();
  if (layout.palette) layout.set({ palette: false });
  else if (stopEverything()) return;
  else if (layout.source && window.innerWidth < SOURCE_OVERLAY) layout.set({ source: false });
  else if (layout.panel) layout.set({ panel: false });
}

/** Listens for every shortcut of the window. */
export function useShortcuts(): void {
  useEffect(() => {
    const mac = navigator.platform.startsWith('Mac');
    const listener = (event: KeyboardEvent): void => {
      if (event.defaultPrevented) return;
      if (event.key === 'Escape') {
        onEscape();
        return;
      }
      const digit = /^Digit([1-9])$/.exec(event.code)?.[1];
      if (digit && (mac ? event.metaKey : event.altKey) && !event.ctrlKey && !event.shiftKey) {
        event.preventDefault();
        openCitationNumber(Number(digit));
        return;
      }
      const command = COMMANDS.find(({ keys }) => keys && keys !== 'Escape' && matches(keys, event));
      if (!command || (command.keys === '?' && isTyping(event.target))) return;
      event.preventDefault();
      command.run();
    };
    window.addEventListener('keydown', listener);
    return () => window.removeEventListener('keydown', listener);
  }, []);
}
