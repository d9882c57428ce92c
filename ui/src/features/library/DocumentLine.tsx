import { FileText, MoreHorizontal } from 'lucide-react';
import { type MouseEvent, memo, type ReactNode } from 'react';
import type { DocumentRow } from '@/ipc';
import { t, wordsOf } from '@/shared/i18n';
import { bytes, count, date } from '@/shared/text/format';
import { fileName, folderOf } from '@/shared/text/path';
import { tameName } from '@/shared/text/tame';
import { Popover } from '@/shared/ui/Popover';
import { plainWords, Words } from '@/shared/ui/Words';
import { CHANGED_MARK, STATE_MARKS } from './states';
import type { Working } from './store';

interface Properties {
  row: DocumentRow;
  index: number;
  top: number;
  selected: boolean;
  focused: boolean;
  working: Working | undefined;
  onPress: (index: number, event: { shiftKey: boolean; ctrlKey: boolean; metaKey: boolean }) => void;
  onOpen: (row: DocumentRow) => void;
  menu: (row: DocumentRow) => ReactNode;
}

/** Not on its menu, nor on what that opened elsewhere in the page: React lets those clicks rise through here too. */
function isOnLine({ target, currentTarget }: MouseEvent): boolean {
  return target instanceof Element && currentTarget.contains(target) && target.closest('.actions') === null;
}

/** What is said of a document by its file's name, without that: it stands above, and there is little room. */
function withoutName(said: string, { path }: DocumentRow): string {
  const name = `\`${fileName(path)}\` `;
  if (!said.startsWith(name)) return said;
  const [first = '', ...rest] = said.slice(name.length);
  return first.toLocaleUpperCase() + rest.join('');
}

function secondLine(row: DocumentRow, working: Working | undefined): { text: string; remedy: string } {
  if (row.state === 'working' && working) {
    const key = `library.${working.stage}` as const;
    return {
      text: working.total > 0 ? t(key, { done: working.done, total: working.total }) : t(`${key}_open`),
      remedy: '',
    };
  }
  if (row.error) {
    const [first = '', ...rest] = wordsOf(row.error).split('\n');
    return { text: withoutName(first, row), remedy: rest.join(' ') };
  }
  if (row.changed) return { text: t('library.changed'), remedy: t('library.changed_remedy') };
  if (row.failed_pages.length > 0)
    return { text: t('library.failed_pages', { n: row.failed_pages.length, pages: row.pages }), remedy: '' };
  // A document that is called otherwise than its file is looked for by the file's name too.
  const file = fileName(row.path);
  const folder = folderOf(row.path);
  return { text: file === row.title ? folder : `${file} · ${folder}`, remedy: '' };
}

/** One document of the table: name, state with its reason and remedy, and what it measures. */
export const DocumentLine = memo(function DocumentLine({
  row,
  index,
  top,
  selected,
  focused,
  working,
  onPress,
  onOpen,
  menu,
}: Properties) {
  const changed = row.changed && row.state === 'ready';
  const mark = changed ? CHANGED_MARK : STATE_MARKS[row.state];
  const line = secondLine(row, working);
  const state = t(changed ? 'state.changed' : `state.${row.state}`);
  const name = tameName(row.title);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid around it handles the keys for all rows
    <div
      role="row"
      id={`document-${row.id}`}
      aria-rowindex={index + 2}
      aria-selected={selected}
      className={`document-line${selected ? ' selected' : ''}${focused ? ' focused' : ''}`}
      style={{ transform: `translateY(${top}px)` }}
      onClick={(event) => isOnLine(event) && onPress(index, event)}
      onDoubleClick={(event) => isOnLine(event) && row.state === 'ready' && onOpen(row)}
    >
      <div role="gridcell" className="cell name">
        <FileText size={16} aria-hidden className="quiet-icon" />
        <div className="two-lines">
          <bdi className="clip" title={`${name}\n${tameName(row.path)}`}>
            {name}
          </bdi>
          <span
            className="clip small quiet"
            title={plainWords(line.remedy ? `${line.text}\n${line.remedy}` : line.text)}
          >
            <bdi>
              <Words text={line.text} />
            </bdi>{' '}
            {line.remedy && (
              <span className="remedy">
                <Words text={line.remedy} />
              </span>
            )}
          </span>
        </div>
      </div>
      <div role="gridcell" className={`cell state tone-${mark.tone}`}>
        <mark.icon size={16} aria-hidden className={row.state === 'working' ? 'turning' : undefined} />
        <span className="clip" title={state}>
          {state}
        </span>
      </div>
      <div role="gridcell" className="cell number">
        {row.pages > 0 ? count(row.pages) : '–'}
      </div>
      <div role="gridcell" className="cell number">
        {bytes(row.size_bytes)}
      </div>
      <div role="gridcell" className="cell date">
        {date(row.added_at_ms)}
      </div>
      <div role="gridcell" className="cell actions">
        <Popover
          kind="menu"
          className="icon-button"
          label={t('library.actions', { name })}
          trigger={<MoreHorizontal size={16} aria-hidden />}
        >
          {() => menu(row)}
        </Popover>
      </div>
    </div>
  );
});
