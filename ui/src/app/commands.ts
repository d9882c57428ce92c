import { useChat } from '@/features/chat/store';
import { useSettings } from '@/features/settings/store';
import { useSource } from '@/features/source/store';
import { backend } from '@/ipc';
import { type MessageKey, t } from '@/shared/i18n';
import { attempt } from '@/shared/ui/toasts';
import { addFiles, focusQuestion, newConversation, stepCitation, stopEverything } from './actions';
import { useLayout } from './layout';

export interface Command {
  id: string;
  title: MessageKey;
  /** Such as `Mod+K`; `Mod` is Ctrl, or ⌘ on macOS. */
  keys?: string;
  run: () => void;
}

const layout = useLayout.getState;

/** Everything that can be done from the palette; the ones with keys also by those. */
export const COMMANDS: readonly Command[] = [
  { id: 'palette', title: 'command.palette', keys: 'Mod+K', run: () => layout().set({ palette: !layout().palette }) },
  { id: 'ask', title: 'command.ask', keys: 'Mod+L', run: focusQuestion },
  { id: 'new', title: 'command.new', keys: 'Mod+N', run: newConversation },
  { id: 'stop', title: 'command.stop', keys: 'Escape', run: () => void stopEverything() },
  { id: 'next', title: 'command.next_citation', keys: 'F8', run: () => stepCitation(1) },
  { id: 'previous', title: 'command.previous_citation', keys: 'Shift+F8', run: () => stepCitation(-1) },
  { id: 'sidebar', title: 'command.sidebar', keys: 'Mod+B', run: () => layout().set({ sidebar: !layout().sidebar }) },
  { id: 'source', title: 'command.source', keys: 'Mod+J', run: () => layout().set({ source: !layout().source }) },
  {
    id: 'performance',
    title: 'command.performance',
    keys: 'Mod+Shift+P',
    run: () => layout().set({ panel: !layout().panel }),
  },
  {
    id: 'find',
    title: 'command.find',
    keys: 'Mod+F',
    run: () => {
      if (useSource.getState().row) {
        layout().set({ source: true });
        useSource.getState().setSearching(true);
      }
    },
  },
  { id: 'settings', title: 'command.settings', keys: 'Mod+,', run: () => layout().show('settings') },
  { id: 'shortcuts', title: 'command.shortcuts', keys: '?', run: () => layout().show('shortcuts') },
  { id: 'library', title: 'command.library', run: () => layout().show('library') },
  { id: 'add_files', title: 'library.add_files', run: () => addFiles('files') },
  { id: 'add_folder', title: 'library.add_folder', run: () => addFiles('folder') },
  { id: 'models', title: 'command.models', run: () => layout().show('models') },
  { id: 'benchmark', title: 'command.benchmark', run: () => layout().show('benchmark') },
  { id: 'light', title: 'command.light', run: () => void useSettings.getState().change({ theme: 'light' }) },
  { id: 'dark', title: 'command.dark', run: () => void useSettings.getState().change({ theme: 'dark' }) },
  {
    id: 'system_theme',
    title: 'command.system_theme',
    run: () => void useSettings.getState().change({ theme: 'system' }),
  },
  {
    id: 'export',
    title: 'chat.export_markdown',
    run: () => {
      const { id, exportTo } = useChat.getState();
      if (id !== null) void exportTo(id, 'markdown');
    },
  },
  { id: 'rebuild', title: 'settings.rebuild_now', run: () => void useSettings.getState().rebuild() },
  { id: 'diagnostics', title: 'settings.diagnostics_copy', run: () => void useSettings.getState().copyDiagnostics() },
  { id: 'data_folder', title: 'command.data_folder', run: () => void attempt(() => backend().openDataFolder()) },
];

const MAC = navigator.platform.startsWith('Mac');

/** Keys as they are printed on the keyboard. */
export function keyNames(keys: string): string[] {
  return keys
    .split('+')
    .map((key) =>
      key === 'Mod'
        ? MAC
          ? '⌘'
          : 'Ctrl'
        : key === 'Alt' && MAC
          ? '⌘'
          : key === 'Escape'
            ? 'Esc'
            : key === 'Shift'
              ? t('key.shift')
              : key,
    );
}

/** Whether a key press is the one a command names. */
export function matches(
  keys: string,
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>,
): boolean {
  const parts = keys.split('+');
  const key = parts.at(-1) ?? '';
  const modifier = MAC ? event.metaKey : event.ctrlKey;
  if (parts.includes('Mod') !== modifier || event.altKey) return false;
  if (key !== '?' && parts.includes('Shift') !== event.shiftKey) return false;
  return event.key.toLowerCase() === key.toLowerCase();
}

/** True where typed characters belong to a text. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches('input:not([type=checkbox]):not([type=radio]), textarea, select'))
  );
}
