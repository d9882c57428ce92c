import { Fragment, type ReactNode, useMemo, useRef } from 'react';
import type { Page, Span } from '@/ipc';
import { t } from '@/shared/i18n';
import { unitsAt } from '@/shared/text/spans';
import { tame } from '@/shared/text/tame';
import { ErrorState } from '@/shared/ui/states';
import { type Passage, PassageGone, usePlace } from './passage';
import type { Aim } from './store';
import { useAim } from './useAim';
import { usePageText } from './usePage';

interface Mark {
  span: Span;
  kind: 'cited' | 'found' | 'found current';
}

/** Cuts a paragraph's text at the marks that touch it; later marks lie over earlier ones. */
function marked(
  text: string,
  start: number,
  marks: readonly { from: number; to: number; kind: Mark['kind'] }[],
): ReactNode[] {
  const cuts = new Set([0, text.length]);
  for (const { from, to } of marks) {
    cuts.add(Math.max(0, Math.min(text.length, from - start)));
    cuts.add(Math.max(0, Math.min(text.length, to - start)));
  }
  const sorted = [...cuts].sort((a, b) => a - b);
  return sorted.slice(0, -1).map((from, index) => {
    const to = sorted[index + 1] ?? text.length;
    const over = marks.findLast((mark) => mark.from - start <= from && mark.to - start >= to);
    const piece = tame(text.slice(from, to));
    return over ? (
      <mark key={from} className={over.kind}>
        {piece}
      </mark>
    ) : (
      <Fragment key={from}>{piece}</Fragment>
    );
  });
}

function Paragraphs({ page, marks }: { page: Page; marks: readonly Mark[] }) {
  const units = useMemo(
    () =>
      marks.map(({ span, kind }) => ({ from: unitsAt(page.text, span.start), to: unitsAt(page.text, span.end), kind })),
    [page, marks],
  );
  const headings = useMemo(
    () => new Map(page.headings.map((heading) => [unitsAt(page.text, heading.span.start), heading.level])),
    [page],
  );
  let at = 0;
  return (
    <>
      {page.text.split('\n').map((line) => {
        const start = at;
        at += line.length + 1;
        if (line.trim() === '') return null;
        const touching = units.filter((mark) => mark.from < start + line.length && mark.to > start);
        const content = marked(line, start, touching);
        const level = headings.get(start);
        if (level === undefined)
          return (
            <p key={start} dir="auto">
              {content}
            </p>
          );
        return level <= 1 ? (
          <h3 key={start} dir="auto">
            {content}
          </h3>
        ) : (
          <h4 key={start} dir="auto">
            {content}
          </h4>
        );
      })}
    </>
  );
}

interface Properties {
  document: number;
  number: number;
  aim: Aim;
  passage: Passage | null;
  found: readonly Span[];
  current: Span | null;
}

/** A page as clean text, for formats that are not drawn. */
export function TextView({ document, number, aim, passage, found, current }: Properties) {
  const { page, error, again } = usePageText(document, number);
  const place = usePlace(page, passage);
  const body = useRef<HTMLDivElement>(null);
  const marks = useMemo<Mark[]>(
    () => [
      ...(place ? [{ span: place, kind: 'cited' as const }] : []),
      ...found.map((span) => ({ span, kind: span === current ? ('found current' as const) : ('found' as const) })),
    ],
    [place, found, current],
  );
  useAim(aim, page, body, (at) => {
    const mark = body.current?.querySelector(at === 'found' ? 'mark.current' : 'mark.cited');
    const scroller = body.current?.closest('.source-scroll');
    if (!mark || !scroller) return null;
    return mark.getBoundingClientRect().top - scroller.getBoundingClientRect().top + scroller.scrollTop;
  });
  if (error) return <ErrorState error={error} onRetry={again} />;
  return (
    <div ref={body} className="text-view">
      {page && passage && !place && <PassageGone />}
      {page ? (
        <Paragraphs page={page} marks={marks} />
      ) : (
        <p className="quiet" role="status">
          {t('source.loading')}
        </p>
      )}
    </div>
  );
}
