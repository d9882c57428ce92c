import { useEffect, useRef, useState } from 'react';
import { useRootSize } from '@/shared/ui/useRootSize';
import { linesOf, type Reading, roundUp } from './lines';

interface Properties {
  label: string;
  /** Once, at the upper left. */
  unit: string;
  /** In order of their times; the last is now. */
  readings: readonly Reading[];
  /** Milliseconds that fill the width. */
  span: number;
  /** What the width stands for, in words. */
  spanLabel: string;
  /** Said where there is no line at all. */
  noneLabel: string;
  format: (value: number | null) => string;
}

/** In `rem`, as the words in it. */
const HEIGHT = 6.75;
const PAD = { right: 3.5, top: 1.375, bottom: 1.25 };
const LEFT = 4;

/** One line of one weight over a zero line, named at its end. Where nothing was read there is no line. */
export function Plot({ label, unit, readings, span, spanLabel, noneLabel, format }: Properties) {
  const rem = useRootSize();
  const box = useRef<HTMLElement>(null);
  const [width, setWidth] = useState(320);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(Math.max(160, element.clientWidth)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const top = roundUp(Math.max(0, ...readings.map(({ value }) => value ?? 0)));
  const now = readings.at(-1)?.at ?? 0;
  const height = HEIGHT * rem;
  const zero = height - PAD.bottom * rem;
  const right = width - PAD.right * rem;
  const x = (at: number): number => right - ((right - LEFT) * (now - at)) / span;
  const y = (value: number): number => zero - ((zero - PAD.top * rem) * value) / top;
  const last = readings.at(-1)?.value ?? null;
  const lines = linesOf(readings);
  return (
    <figure ref={box} className="plot">
      <figcaption>
        <span>{label}</span> <span className="quiet small">{unit}</span>
      </figcaption>
      <svg width={width} height={height} role="img" aria-label={`${label}: ${format(last)} ${unit}, ${spanLabel}`}>
        {lines.length > 0 && <line className="plot-grid" x1={LEFT} x2={right} y1={y(top)} y2={y(top)} />}
        <line className="plot-zero" x1={LEFT} x2={right} y1={y(0)} y2={y(0)} />
        {lines.map((line) => (
          <polyline
            key={line[0]?.at}
            className="plot-line"
            points={line.map(({ at, value }) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' ')}
          />
        ))}
        <text className="plot-scale" x={LEFT} y={height - 0.3 * rem}>
          {spanLabel}
        </text>
        {lines.length === 0 ? (
          <text className="plot-scale" x={LEFT} y={zero - 0.5 * rem}>
            {noneLabel}
          </text>
        ) : (
          <>
            <text className="plot-scale" x={right + 6} y={y(top) + 4}>
              {format(top)}
            </text>
            <text className="plot-value" x={right + 6} y={Math.max(y(last ?? 0), y(top) + 1.05 * rem) + 4}>
              {format(last)}
            </text>
          </>
        )}
      </svg>
    </figure>
  );
}
