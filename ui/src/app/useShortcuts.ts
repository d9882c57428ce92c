import { useEffect } from 'react';
import { useChat } from '@/features/chat/store';
import { useSettings } from '@/features/settings/store';
import { isComposing } from '@/shared/ui/composing';
import { openCitationNumber, stopEverything } from './actions';
import { COMMANDS } from './commands';
import type { Command } from './commands/command';
import { isTyping, matches } from './keyboard';
import { overlaysNow, useLayout } from './layout';

function onEscape(): void {
  const layout = useLayout.getState();
  if (layout.palette) layout.set({ palette: false });
  else if (stopEverything()) return;
  else if (useChat.getState().why) useChat.getState().explain(null);
  else if (layout.source && overlaysNow().source) layout.set({ source: false });
  else if (layout.panel) layout.set({ panel: false });
}

/** The menu of the thing under the pointer. That of a browser (back, reload) has no place here, except over text. */
function onContextMenu(event: MouseEvent): void {
  if (isTyping(event.target) || getSelection()?.isCollapsed === false) return;
  event.preventDefault();
  const place = { bubbles: true, clientX: event.clientX, clientY: event.clientY };
  const thing = event.target instanceof Element ? event.target.closest('.document-line, .nav-line, .model-card') : null;
  thing?.querySelector('[aria-haspopup="menu"]')?.dispatchEvent(new MouseEvent('click', place));
}

/** What there is to do before the welcome was seen: its pages lead nowhere yet. */
const AT_WELCOME: ReadonlySet<string> = new Set(['larger', 'smaller', 'normal_size', 'undo']);

/** The command of a key press, where it can be run now. */
function commandOf(event: KeyboardEvent): Command | undefined {
  const command = COMMANDS.find(({ keys }) => keys && keys !== 'Escape' && matches(keys, event));
  if (!command || (isTyping(event.target) && (command.keys === '?' || command.keys === 'Mod+Z'))) return undefined;
  return useSettings.getState().settings?.welcomed || AT_WELCOME.has(command.id) ? command : undefined;
}

/** Listens for every shortcut of the window. */
export function useShortcuts(): void {
  useEffect(() => {
    const mac = navigator.platform.startsWith('Mac');
    const listener = (event: KeyboardEvent): void => {
      if (event.defaultPrevented) return;
      if (event.key === 'Escape') {
        if (!isComposing({ nativeEvent: event })) onEscape();
        return;
      }
      const digit = /^Digit([1-9])$/.exec(event.code)?.[1];
      if (digit && (mac ? event.metaKey : event.altKey) && !event.ctrlKey && !event.shiftKey) {
        event.preventDefault();
        openCitationNumber(Number(digit));
        return;
      }
      const command = commandOf(event);
      if (!command) return;
      event.preventDefault();
      // The palette lies over all else: whatever is done by another key is done in its place.
      const { palette, set } = useLayout.getState();
      if (palette && command.id !== 'palette') set({ palette: false });
      command.run();
    };
    window.addEventListener('keydown', listener);
    window.addEventListener('contextmenu', onContextMenu);
    return () => {
      window.removeEventListener('keydown', listener);
      window.removeEventListener('contextmenu', onContextMenu);
    };
  }, []);
}
