import { TriangleAlert } from 'lucide-react';
import { useMemo } from 'react';
import type { DocumentRow, Page, Span } from '@/ipc';
import { t } from '@/shared/i18n';
import { locate } from '@/shared/text/locate';
import { tame, tameName } from '@/shared/text/tame';
import type { Target } from './store';

/** A cited passage: where it stood, and what stood there then. */
export interface Passage {
  span: Span;
  quote: string | null;
}

/** Where the passage stands on the page now; `null` when it is not there. */
export function usePlace(page: Page | null, passage: Passage | null): Span | null {
  return useMemo(() => {
    if (!page || !passage) return null;
    return passage.quote === null ? passage.span : locate(page.text, passage.span, passage.quote);
  }, [page, passage]);
}

/** Says that the cited passage is no longer on its page, instead of marking something else. */
export function PassageGone() {
  return (
    <p className="note small" role="note">
      <TriangleAlert size={14} aria-hidden className="tone-amber" />
      {t('source.passage_gone')}
    </p>
  );
}

/** The cited passage as one would quote it: its words, its document, its page. `null` where none is shown. */
export function passageWithSource({ id, title }: DocumentRow, target: Target | null): string | null {
  if (!target?.quote || target.document !== id) return null;
  const page = t('source.page', { page: target.page });
  return t('source.quoted', { quote: tame(target.quote).trim(), title: tameName(title), page });
}
