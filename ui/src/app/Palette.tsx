import { Search } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useChat } from '@/features/chat/store';
import { backend, type DocumentRow } from '@/ipc';
import { t } from '@/shared/i18n';
import { isComposing } from '@/shared/ui/composing';
import { type Entry, entriesFor } from './entries';
import { Keys } from './Keys';
import { useLayout } from './layout';

/** So many documents are asked for, of which the best are listed. */
const DOCUMENTS = 60;

/** Documents whose name fits, asked for a moment after the last key. */
function useDocuments(query: string): DocumentRow[] {
  const [rows, setRows] = useState<DocumentRow[]>([]);
  useEffect(() => {
    if (query.trim().length < 2) {
      setRows([]);
      return;
    }
    let live = true;
    const timer = setTimeout(() => {
      backend()
        .documents({
          search: query.trim(),
          state: 'ready',
          collection: null,
          sort: 'title',
          descending: false,
          offset: 0,
          limit: DOCUMENTS,
        })
        .then((list) => live && setRows(list.rows))
        .catch(() => live && setRows([]));
    }, 120);
    return () => {
      live = false;
      clearTimeout(timer);
    };
  }, [query]);
  return rows;
}

/** Everything by name: commands, conversations, documents. */
export function Palette() {
  const open = useLayout((state) => state.palette);
  return open ? <OpenPalette /> : null;
}

/** Names of models and profiles hold what an id may not. */
const optionId = (place: number): string => `palette-option-${place}`;

function OpenPalette() {
  const close = (): void => useLayout.getState().set({ palette: false });
  const conversations = useChat((state) => state.conversations);
  const [query, setQuery] = useState('');
  // By its name, not its place: documents that are found a moment later push others down.
  const [chosen, setChosen] = useState<string | null>(null);
  const documents = useDocuments(query);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    input.current?.focus();
    return () => {
      if (before instanceof HTMLElement && document.activeElement === document.body) before.focus();
    };
  }, []);
  const entries = useMemo(() => entriesFor(query, conversations ?? [], documents), [query, conversations, documents]);
  const at = Math.max(
    0,
    entries.findIndex(({ key }) => key === chosen),
  );
  const current = entries[at];
  useEffect(() => {
    if (current) document.getElementById(optionId(at))?.scrollIntoView({ block: 'nearest' });
  }, [at, current]);
  const go = (to: number): void => setChosen(entries[Math.max(0, Math.min(entries.length - 1, to))]?.key ?? null);
  const choose = (entry: Entry | undefined): void => {
    if (!entry) return;
    close();
    entry.run();
  };
  return (
    <div className="veil" onPointerDown={(event) => event.target === event.currentTarget && close()}>
      <div className="palette" role="dialog" aria-modal="true" aria-label={t('command.palette')}>
        <label className="palette-field">
          <Search size={16} aria-hidden />
          <input
            ref={input}
            role="combobox"
            aria-expanded="true"
            aria-controls="palette-list"
            aria-activedescendant={current ? optionId(at) : undefined}
            aria-label={t('command.palette')}
            placeholder={t('palette.placeholder')}
            value={query}
            onChange={(event) => {
              setQuery(event.target.value);
              setChosen(null);
            }}
            onKeyDown={(event) => {
              if (isComposing(event)) return;
              if (event.key === 'ArrowDown') go(at + 1);
              else if (event.key === 'ArrowUp') go(at - 1);
              else if (event.key === 'Enter') choose(current);
              else if (event.key === 'Escape') {
                event.stopPropagation();
                close();
              } else if (event.key !== 'Tab') return;
              event.preventDefault();
            }}
          />
        </label>
        <div id="palette-list" className="palette-list" role="listbox" aria-label={t('palette.results')}>
          {entries.map((entry, place) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the field above handles the keys
            <div
              key={entry.key}
              id={optionId(place)}
              role="option"
              aria-selected={entry === current}
              className={entry === current ? 'palette-entry current' : 'palette-entry'}
              onClick={() => choose(entry)}
            >
              <span className="menu-icon" aria-hidden>
                <entry.icon size={16} />
              </span>
              <bdi className="clip">{entry.title}</bdi>
              {entry.keys && <Keys keys={entry.keys} />}
            </div>
          ))}
        </div>
        {entries.length === 0 && (
          <p className="palette-none quiet" role="status">
            {t('palette.none')}
          </p>
        )}
      </div>
    </div>
  );
}
