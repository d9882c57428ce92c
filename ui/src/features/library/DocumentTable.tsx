import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { type KeyboardEvent, useCallback, useEffect, useLayoutEffect, useRef } from 'react';
import type { DocumentRow, SortKey } from '@/ipc';
import { t } from '@/shared/i18n';
import { useRootSize } from '@/shared/ui/useRootSize';
import { DocumentLine } from './DocumentLine';
import { DocumentMenu } from './DocumentMenu';
import { useLibrary } from './store';
import { useFocusedPlace } from './useFocusedPlace';

/** As in `library.css`. */
const ROW_REM = 3;
const COLUMNS: { key: SortKey; className: string }[] = [
  { key: 'title', className: 'name' },
  { key: 'state', className: 'state' },
  { key: 'pages', className: 'number' },
  { key: 'size', className: 'number' },
  { key: 'added', className: 'date' },
];

function openMenuOf(row: number): void {
  document.querySelector<HTMLElement>(`#document-${row} [aria-haspopup=menu]`)?.click();
}

/**
 * Keys of the lines in sight: that of the document, so that what is open on one stays with it when others come or go above it. One
 * not loaded has that of its place, and so has one that is listed twice while the list is read anew.
 */
function keysOf(places: readonly number[], rows: ReadonlyMap<number, DocumentRow>): (number | string)[] {
  const seen = new Set<number>();
  return places.map((place) => {
    const id = rows.get(place)?.id;
    if (id === undefined || seen.has(id)) return `place-${place}`;
    seen.add(id);
    return id;
  });
}

interface Properties {
  onOpen: (row: DocumentRow) => void;
  onAsk: (documents: number[]) => void;
}

/** The documents: only the rows in sight are drawn and fetched. Arrows move, space selects, Enter reads, Delete removes, Escape lets go. */
export function DocumentTable({ onOpen, onAsk }: Properties) {
  const { rows, total, query, shown, selected, working, need, select, selectBetween, sortBy, remove } = useLibrary();
  const focusedLine = useRef<string | undefined>(undefined);
  const height = useRef(0);
  const rowHeight = ROW_REM * useRootSize();
  const scroller = useRef<HTMLDivElement>(null);
  const { focus, anchor, setFocus, reset } = useFocusedPlace(rows);
  const amount = total ?? 0;
  const virtual = useVirtualizer({
    count: amount,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows of another height lie elsewhere
  useLayoutEffect(() => virtual.measure(), [virtual, rowHeight]);
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => need(first, last), [need, first, last]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows of another query are read from their first
  useLayoutEffect(() => {
    if (scroller.current) scroller.current.scrollTop = 0;
    reset();
  }, [shown]);

  // Why the one that is selected could not be read is said below the list, which is shorter then: its line stays in sight.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another selection is the occasion
  useEffect(() => {
    const now = scroller.current?.clientHeight ?? 0;
    const shorter = now < height.current;
    height.current = now;
    if (!shorter || !focusedLine.current || document.activeElement !== scroller.current) return;
    document.getElementById(focusedLine.current)?.scrollIntoView({ block: 'nearest' });
  }, [selected]);

  // The same as long as the table is there: with every word of the queue only the lines that changed are drawn again.
  const press = useCallback(
    (index: number, event: { shiftKey: boolean; ctrlKey: boolean; metaKey: boolean }) => {
      const { rows, selected, select, selectBetween } = useLibrary.getState();
      const row = rows.get(index);
      if (!row) return;
      setFocus(index);
      if (event.shiftKey) void selectBetween(anchor.current, index);
      else {
        anchor.current = index;
        const next = new Set(event.ctrlKey || event.metaKey ? selected : []);
        if (next.has(row.id)) next.delete(row.id);
        else next.add(row.id);
        select(next);
      }
    },
    [anchor, setFocus],
  );
  const menu = useCallback(
    (row: DocumentRow) => <DocumentMenu row={row} onOpen={onOpen} onAsk={onAsk} />,
    [onOpen, onAsk],
  );
  const onKey = (event: KeyboardEvent): void => {
    if (event.target !== event.currentTarget) return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 1);
    const moves: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -amount,
      End: amount,
    };
    // With a modifier the page keys are the window's.
    const step = event.key.startsWith('Page') && (event.ctrlKey || event.metaKey) ? undefined : moves[event.key];
    const row = rows.get(focus);
    if (step !== undefined) {
      const next = Math.max(0, Math.min(amount - 1, focus + step));
      setFocus(next);
      virtual.scrollToIndex(next);
      if (!event.shiftKey) anchor.current = next;
      // One that is not loaded yet is selected when it is: what was left is not, since keys would still act on it.
      void selectBetween(anchor.current, next);
    } else if (event.key === ' ') press(focus, { shiftKey: false, ctrlKey: true, metaKey: false });
    else if (event.key === 'Enter' && row?.state === 'ready') onOpen(row);
    else if (row && (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey))) openMenuOf(row.id);
    else if ((event.key === 'Delete' || event.key === 'Backspace') && selected.size > 0) void remove([...selected]);
    else if (event.key === 'a' && (event.ctrlKey || event.metaKey)) void selectBetween(0, amount - 1);
    else if (event.key === 'Escape' && selected.size > 0) select([]);
    else return;
    event.preventDefault();
  };
  const focused = rows.get(focus);
  focusedLine.current = focused && `document-${focused.id}`;
  const keys = keysOf(
    items.map(({ index }) => index),
    rows,
  );
  return (
    <div className="document-table">
      <div
        ref={scroller}
        className="document-rows"
        role="grid"
        tabIndex={0}
        aria-label={t('library.documents')}
        aria-rowcount={amount + 1}
        aria-multiselectable
        aria-busy={query !== shown}
        aria-activedescendant={focused && focus >= first && focus <= last ? `document-${focused.id}` : undefined}
        onKeyDown={onKey}
      >
        <div role="row" aria-rowindex={1} className="document-head">
          {COLUMNS.map(({ key, className }) => (
            <div
              key={key}
              role="columnheader"
              className={`cell ${className}`}
              aria-sort={query.sort === key ? (query.descending ? 'descending' : 'ascending') : 'none'}
            >
              <button type="button" className="head-button" onClick={() => sortBy(key)}>
                {t(`library.column.${key}`)}
                {query.sort === key &&
                  (query.descending ? <ArrowDown size={14} aria-hidden /> : <ArrowUp size={14} aria-hidden />)}
              </button>
            </div>
          ))}
          <div role="columnheader" className="cell actions">
            <span className="visually-hidden">{t('library.column.actions')}</span>
          </div>
        </div>
        <div role="presentation" className="document-space" style={{ height: virtual.getTotalSize() }}>
          {items.map((item, at) => {
            const row = rows.get(item.index);
            if (!row)
              return (
                <div
                  key={keys[at]}
                  role="presentation"
                  className="document-line waiting"
                  style={{ transform: `translateY(${item.start}px)` }}
                />
              );
            return (
              <DocumentLine
                key={keys[at]}
                row={row}
                index={item.index}
                top={item.start}
                selected={selected.has(row.id)}
                focused={item.index === focus}
                working={working.get(row.id)}
                onPress={press}
                onOpen={onOpen}
                menu={menu}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}
