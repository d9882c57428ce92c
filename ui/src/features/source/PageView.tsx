import { RotateCcw } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { Rect, Span } from '@/ipc';
import { t } from '@/shared/i18n';
import { tame } from '@/shared/text/tame';
import { ErrorState, ErrorText } from '@/shared/ui/states';
import { bandsOf, linesOf } from './highlight';
import { type Passage, PassageGone, usePlace } from './passage';
import { type Quarters, rectAt, sizeAt, transformAt } from './quarters';
import type { Aim } from './store';
import { TextView } from './TextView';
import { Tiles } from './Tiles';
import { wholeScale } from './tiles';
import { useAim } from './useAim';
import { usePageImage, usePageText } from './usePage';

interface Properties {
  document: number;
  number: number;
  aim: Aim;
  zoom: number;
  quarters: Quarters;
  /** Width there is, in CSS pixels. */
  room: number;
  /** The cited passage. */
  passage: Passage | null;
  /** What the search found on this page. */
  found: readonly Span[];
  current: Span | null;
}

/** In points, until the page's own size is known. */
const A4 = [595, 842] as const;

function Band({ rect, scale, kind }: { rect: Rect; scale: number; kind: string }) {
  return (
    <div
      className={`band ${kind}`}
      style={{
        left: rect.x0 * scale - 1,
        top: rect.y0 * scale - 1,
        width: (rect.x1 - rect.x0) * scale + 2,
        height: (rect.y1 - rect.y0) * scale + 2,
      }}
    />
  );
}

/** A drawn page under its highlight and a layer of selectable text. Text is stretched to the width it has on the page. */
export function PageView({ document, number, aim, zoom, quarters, room, passage, found, current }: Properties) {
  const { page, error, again } = usePageText(document, number);
  const place = usePlace(page, passage);
  const size = page?.size ?? A4;
  const scale = (Math.max(120, room) / sizeAt(size, quarters)[0]) * zoom;
  const sides = [size[0] * scale, size[1] * scale] as const;
  const [width, height] = sizeAt(sides, quarters);
  const [steady, setSteady] = useState(scale);
  useEffect(() => {
    const timer = setTimeout(() => setSteady(scale), 120);
    return () => clearTimeout(timer);
  }, [scale]);
  const pixels = Math.min(8, steady * Math.min(2, window.devicePixelRatio));
  const whole = wholeScale(size, pixels);
  const image = usePageImage(document, number, whole);
  const lines = useMemo(() => (page ? linesOf(page) : []), [page]);
  const bands = useMemo(() => (page && place ? bandsOf(page, place) : []), [page, place]);
  const hits = useMemo(
    () =>
      page ? found.flatMap((span) => bandsOf(page, span).map((rect) => ({ rect, current: span === current }))) : [],
    [page, found, current],
  );
  const sheet = useRef<HTMLDivElement>(null);
  useAim(aim, page, sheet, (at) => {
    const first = at === 'found' ? hits.find((hit) => hit.current)?.rect : bands[0];
    return first ? (sheet.current?.offsetTop ?? 0) + rectAt(first, size, quarters).y0 * scale : null;
  });

  if (error) return <ErrorState error={error} onRetry={again} />;
  // Changed since it was opened, or not to be drawn: its text as it was read is there all the same.
  if (image.error || page?.drawable === false)
    return (
      <>
        {image.error && (
          <div className="sheet-failed small">
            <ErrorText error={image.error} />
            <button type="button" className="button small" onClick={image.again}>
              <RotateCcw size={14} aria-hidden />
              {t('action.retry')}
            </button>
          </div>
        )}
        <TextView document={document} number={number} aim={aim} passage={passage} found={found} current={current} />
      </>
    );
  return (
    <>
      {page && passage && !place && <PassageGone />}
      <div ref={sheet} className="sheet-place" style={{ width, height }}>
        <div className="sheet" style={{ width: sides[0], height: sides[1], transform: transformAt(sides, quarters) }}>
          {image.url && <img src={image.url} alt={t('source.page_image', { page: number })} draggable={false} />}
          {whole < pixels && page?.size && image.url && (
            <Tiles
              document={document}
              number={number}
              size={page.size}
              scale={scale}
              pixels={pixels}
              quarters={quarters}
            />
          )}
          {bands.map((rect) => (
            <Band key={`${rect.x0}.${rect.y0}`} rect={rect} scale={scale} kind="cited" />
          ))}
          {hits.map(({ rect, current: is }) => (
            <Band key={`${rect.x0}.${rect.y0}`} rect={rect} scale={scale} kind={is ? 'found current' : 'found'} />
          ))}
          <div className="text-layer" dir="auto">
            {lines.map((line, index) => (
              <TextLineView key={index} text={line.text} rect={line.rect} scale={scale} />
            ))}
          </div>
        </div>
        {!image.url && (
          <p className="sheet-waiting quiet small" role="status">
            {t('source.drawing', { page: number })}
          </p>
        )}
      </div>
    </>
  );
}

function TextLineView({ text, rect, scale }: { text: string; rect: Rect; scale: number }) {
  const element = useRef<HTMLSpanElement>(null);
  const size = Math.max(1, (rect.y1 - rect.y0) * scale * 0.86);
  const wanted = (rect.x1 - rect.x0) * scale;
  useEffect(() => {
    const span = element.current;
    if (!span) return;
    span.style.transform = '';
    const natural = span.offsetWidth;
    if (natural > 0) span.style.transform = `scaleX(${wanted / natural})`;
  }, [wanted]);
  return (
    <span ref={element} style={{ left: rect.x0 * scale, top: rect.y0 * scale, fontSize: size }}>
      {tame(text)}
      {'\n'}
    </span>
  );
}
