import { type RefObject, useCallback, useLayoutEffect, useRef, useState } from 'react';
import type { DocumentRow } from '@/ipc';

interface FocusedPlace {
  /** Place of the line that the keys act on. */
  focus: number;
  /** Place from which a range is selected. */
  anchor: RefObject<number>;
  setFocus: (place: number) => void;
  /** To the first line, of another list. */
  reset: () => void;
}

/** The line that the keys act on. It stays with its document when others come or go above it. */
export function useFocusedPlace(rows: ReadonlyMap<number, DocumentRow>): FocusedPlace {
  const [focus, setPlace] = useState(0);
  const anchor = useRef(0);
  /** The document of that line; `undefined` until somebody went to one, `null` until it is loaded. */
  const document = useRef<number | null | undefined>(undefined);
  const latest = useRef(rows);
  latest.current = rows;
  useLayoutEffect(() => {
    if (document.current === undefined) return;
    document.current ??= rows.get(focus)?.id ?? null;
    if (document.current === null || rows.get(focus)?.id === document.current) return;
    const moved = [...rows].find(([, { id }]) => id === document.current);
    if (!moved) return;
    anchor.current = Math.max(0, anchor.current + moved[0] - focus);
    setPlace(moved[0]);
  }, [rows, focus]);
  const setFocus = useCallback((place: number) => {
    document.current = latest.current.get(place)?.id ?? null;
    setPlace(place);
  }, []);
  const reset = useCallback(() => {
    document.current = undefined;
    anchor.current = 0;
    setPlace(0);
  }, []);
  return { focus, anchor, setFocus, reset };
}
