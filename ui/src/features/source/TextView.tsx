import { Fragment, memo, type ReactNode, useMemo, useRef } from 'react';
import type { Page, Span } from '@/ipc';
import { t } from '@/shared/i18n';
import { unitsAtAll } from '@/shared/text/spans';
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

/** A mark in UTF-16 units of the page. */
interface Placed {
  from: number;
  to: number;
  kind: Mark['kind'];
}

interface TextLine {
  text: string;
  /** Of its first letter in the page, in UTF-16 units. */
  start: number;
  /** Of a heading. */
  level: number | undefined;
}

/** The lines of a page that hold something. A long text is one page: what depends on its words alone is done once. */
function linesOf({ text, headings }: Page): TextLine[] {
  const starts = unitsAtAll(
    text,
    headings.map(({ span }) => span.start),
  );
  const levels = new Map(headings.map(({ level }, at) => [starts[at] ?? 0, level]));
  let start = 0;
  return text.split('\n').flatMap((line) => {
    const at = start;
    start += line.length + 1;
    return line.trim() === '' ? [] : [{ text: line, start: at, level: levels.get(at) }];
  });
}

function placedIn({ text }: Page, marks: readonly Mark[]): Placed[] {
  const ends = unitsAtAll(
    text,
    marks.flatMap(({ span }) => [span.start, span.end]),
  );
  return marks.map(({ kind }, at) => ({ from: ends[2 * at] ?? 0, to: ends[2 * at + 1] ?? 0, kind }));
}

/** The first line that ends behind a place. */
function lineAt(lines: readonly TextLine[], place: number): number {
  let [first, last] = [0, lines.length];
  while (first < last) {
    const middle = (first + last) >> 1;
    const line = lines[middle];
    if (line && line.start + line.text.length <= place) first = middle + 1;
    else last = middle;
  }
  return first;
}

/** The marks that touch a line, by the line; in their order. */
function marksByLine(lines: readonly TextLine[], marks: readonly Placed[]): Map<TextLine, Placed[]> {
  const found = new Map<TextLine, Placed[]>();
  for (const mark of marks)
    for (let at = lineAt(lines, mark.from); at < lines.length; at++) {
      const line = lines[at];
      if (!line || line.start >= mark.to) break;
      found.set(line, [...(found.get(line) ?? []), mark]);
    }
  return found;
}

/** Cuts a line's text at the marks that touch it; later marks lie over earlier ones. */
function marked({ text, start }: TextLine, marks: readonly Placed[]): ReactNode[] {
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

const NO_MARKS: readonly Placed[] = [];

/** One line; of thousands only those with marks are drawn again while one steps through what was found. */
const Line = memo(function Line({ line, marks }: { line: TextLine; marks: readonly Placed[] }) {
  const Block = line.level === undefined ? 'p' : line.level <= 1 ? 'h3' : 'h4';
  return <Block dir="auto">{marked(line, marks)}</Block>;
});

function Paragraphs({ page, marks }: { page: Page; marks: readonly Mark[] }) {
  const lines = useMemo(() => linesOf(page), [page]);
  const touching = useMemo(() => marksByLine(lines, placedIn(page, marks)), [lines, page, marks]);
  return lines.map((line) => <Line key={line.start} line={line} marks={touching.get(line) ?? NO_MARKS} />);
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
