import { useEffect, useReducer, useRef, useState } from 'react';
import { backend, type ErrorReport, type Page, reportOf } from '@/ipc';
import { useSource } from './store';

/** Text and words of a page; `null` until they are there. Those of a document that was read anew take the place of the old. */
export function usePageText(
  document: number,
  number: number,
): { page: Page | null; error: ErrorReport | null; again: () => void } {
  const reads = useSource((state) => state.reads);
  const [attempt, again] = useReducer((count: number) => count + 1, 0);
  const [state, setState] = useState<{ key: string; page: Page | null; error: ErrorReport | null }>({
    key: '',
    page: null,
    error: null,
  });
  const key = `${document}.${number}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt asks again, and so does a document read anew
  useEffect(() => {
    let live = true;
    backend()
      .page(document, number)
      .then((page) => live && setState({ key, page, error: null }))
      .catch((thrown: unknown) => live && setState({ key, page: null, error: reportOf(thrown) }));
    return () => {
      live = false;
    };
  }, [document, number, key, attempt, reads]);
  return { ...(state.key === key ? state : { page: null, error: null }), again };
}

/** Address of a page's picture; the old picture stays until the new one is ready, so that zooming does not flash. */
export function usePageImage(
  document: number,
  number: number,
  scale: number,
): { url: string | null; error: ErrorReport | null; again: () => void } {
  const reads = useSource((state) => state.reads);
  const [attempt, again] = useReducer((count: number) => count + 1, 0);
  const [state, setState] = useState<{ page: string; url: string | null; error: ErrorReport | null }>({
    page: '',
    url: null,
    error: null,
  });
  /** What is shown now: an address holds its picture in memory until it is given back. */
  const held = useRef<string | null>(null);
  const page = `${document}.${number}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt asks again, and a document read anew has other pictures
  useEffect(() => {
    let live = true;
    const show = (url: string | null, error: ErrorReport | null): void => {
      if (held.current) URL.revokeObjectURL(held.current);
      held.current = url;
      setState({ page, url, error });
    };
    backend()
      .renderPage(document, number, scale)
      .then((blob) => live && show(URL.createObjectURL(blob), null))
      .catch((thrown: unknown) => live && show(null, reportOf(thrown)));
    return () => {
      live = false;
    };
  }, [document, number, scale, page, attempt, reads]);
  useEffect(
    () => () => {
      if (held.current) URL.revokeObjectURL(held.current);
      held.current = null;
    },
    [],
  );
  return { ...(state.page === page ? state : { url: null, error: null }), again };
}
