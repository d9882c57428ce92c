import { t } from '@/shared/i18n';
import { Page } from '@/shared/ui/Page';
import { COMMANDS, keyNames } from './commands';

function Keys({ keys }: { keys: string }) {
  return (
    <span className="keys">
      {keyNames(keys).map((key) => (
        <kbd key={key}>{key}</kbd>
      ))}
    </span>
  );
}

/** Every shortcut on one page. */
export function ShortcutsPage() {
  const rows = [
    ...COMMANDS.flatMap(({ keys, title }) => (keys ? [{ keys, title: t(title) }] : [])),
    { keys: 'Alt+1…9', title: t('shortcuts.citations') },
    { keys: 'Enter', title: t('shortcuts.send') },
    { keys: 'Shift+Enter', title: t('shortcuts.line') },
    { keys: '↑ ↓', title: t('shortcuts.move') },
    { keys: 'Space', title: t('shortcuts.select') },
    { keys: 'Shift+↑ ↓', title: t('shortcuts.extend') },
    { keys: 'Mod+A', title: t('shortcuts.select_all') },
    { keys: 'Shift+F10', title: t('shortcuts.menu') },
    { keys: 'PageDown', title: t('shortcuts.page') },
    { keys: 'Delete', title: t('shortcuts.remove') },
  ];
  return (
    <Page id="shortcuts" title={t('shortcuts.title')}>
      <table className="shortcut-table">
        <tbody>
          {rows.map(({ keys, title }) => (
            <tr key={keys}>
              <th scope="row">{title}</th>
              <td>
                <Keys keys={keys} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Page>
  );
}
