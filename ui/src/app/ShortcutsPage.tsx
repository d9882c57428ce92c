import { type MessageKey, t } from '@/shared/i18n';
import { Page } from '@/shared/ui/Page';
import type { Command } from './commands/command';
import { CONVERSATION } from './commands/conversation';
import { LIBRARY } from './commands/library';
import { SOURCE } from './commands/source';
import { WINDOW } from './commands/window';
import { Keys } from './Keys';

interface Row {
  keys: string;
  title: MessageKey;
}

interface Section {
  title: MessageKey;
  commands: readonly Command[];
  /** What keys do where the focus is, without a command of its own. */
  more: readonly Row[];
}

const SECTIONS: readonly Section[] = [
  {
    title: 'chat.conversation',
    commands: CONVERSATION,
    more: [
      { keys: 'Enter', title: 'shortcuts.send' },
      { keys: 'Shift+Enter', title: 'shortcuts.line' },
      { keys: '↑', title: 'shortcuts.edit' },
      { keys: 'Alt+1…9', title: 'shortcuts.citations' },
    ],
  },
  {
    title: 'source.title',
    commands: SOURCE,
    more: [
      { keys: 'PageDown', title: 'shortcuts.page' },
      { keys: 'Plus Minus 0', title: 'shortcuts.zoom' },
      { keys: 'R', title: 'command.rotate' },
      { keys: 'Shift+R', title: 'command.rotate_back' },
    ],
  },
  {
    title: 'library.title',
    commands: LIBRARY,
    more: [
      { keys: '↑ ↓', title: 'shortcuts.move' },
      { keys: 'Enter', title: 'shortcuts.read' },
      { keys: 'Space', title: 'shortcuts.select' },
      { keys: 'Shift+↑ ↓', title: 'shortcuts.extend' },
      { keys: 'Mod+A', title: 'shortcuts.select_all' },
      { keys: 'Shift+F10', title: 'shortcuts.menu' },
      { keys: 'Delete', title: 'shortcuts.remove' },
      { keys: 'F2', title: 'shortcuts.rename' },
      { keys: 'Mod+V', title: 'shortcuts.paste' },
    ],
  },
  { title: 'shortcuts.window', commands: WINDOW, more: [{ keys: '↑ ↓', title: 'shortcuts.side' }] },
];

/** Every shortcut on one page, by what is looked at. */
export function ShortcutsPage() {
  return (
    <Page id="shortcuts" title={t('shortcuts.title')}>
      {SECTIONS.map(({ title, commands, more }) => (
        <section key={title} className="shortcut-section" aria-labelledby={`shortcuts-${title}`}>
          <h2 id={`shortcuts-${title}`}>{t(title)}</h2>
          <table className="shortcut-table">
            <tbody>
              {[...commands.flatMap(({ keys, title }) => (keys ? [{ keys, title }] : [])), ...more].map((row) => (
                <tr key={row.keys}>
                  <th scope="row">{t(row.title)}</th>
                  <td>
                    <Keys keys={row.keys} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ))}
    </Page>
  );
}
