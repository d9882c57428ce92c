import { useEffect, useReducer, useState } from 'react';
import { backend, type ErrorReport, type Page, reportOf } from '@/ipc';

/** Text and words of a page; `null` until they are there. */
export function usePageText(
  document: number,
  number: number,
): { page: Page | null; error: ErrorReport | null; again: () => void } {
  const [attempt, again] = useReducer((count: number) => count + 1, 0);
  const [state, setState] = useState<{ key: string; page: Page | null; error: ErrorReport | null }>({
    key: '',
    page: null,
    error: null,
  });
  const key = `${document}.${number}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt asks again
  useEffect(() => {
    let live = true;
    backend()
      .page(document, number)
      .then((page) => live && setState({ key, page, error: null }))
      .catch((thrown: unknown) => live && setState({ key, page: null, error: reportOf(thrown) }));
    return () => {
      live = false;
    };
  }, [document, number, key, attempt]);
  return { ...(state.key === key ? state : { page: null, error: null }), again };
}

/** Address of a page's picture; the old picture stays until the new one is ready, so that zooming does not flash. */
export function usePageImage(
  document: number,
  number: number,
  scale: number,
): { url: string | null; error: ErrorReport | null } {
  const [state, setState] = useState<{ page: string; url: string | null; error: ErrorReport | null }>({
    page: '',
    url: null,
    error: null,
  });
  const page = `${document}.${number}`;
  useEffect(() => {
    let live = true;
    backend()
      .renderPage(document, number, scale)
      .then((blob) => {
        if (!live) return;
        const url = URL.createObjectURL(blob);
        setState((old) => {
          if (old.url) URL.revokeObjectURL(old.url);
          return { page, url, error: null };
        });
      })
      .catch((thrown: unknown) => live && setState({ page, url: null, error: reportOf(thrown) }));
    return () => {
      live = false;
    };
  }, [document, number, scale, page]);
  useEffect(
    () => () =>
      setState((old) => {
        if (old.url) URL.revokeObjectURL(old.url);
        return { page: '', url: null, error: null };
      }),
    [],
  );
  return state.page === page ? state : { url: null, error: null };
}
