import { useEffect, useRef, useState } from 'react';

interface Properties {
  label: string;
  /** Once, at the upper left. */
  unit: string;
  values: readonly number[];
  /** How many values fill the width. */
  span: number;
  format: (value: number) => string;
}

const HEIGHT = 96;
const PAD = { left: 4, right: 56, top: 22, bottom: 8 };

/** A round number at or above a value: where the plot ends. */
export function roundUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 2.5, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}

/** One line of one weight over a zero line, named at its end. */
export function Plot({ label, unit, values, span, format }: Properties) {
  const box = useRef<HTMLElement>(null);
  const [width, setWidth] = useState(320);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(Math.max(160, element.clientWidth)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const top = roundUp(Math.max(0, ...values));
  const x = (index: number): number =>
    PAD.left + ((width - PAD.left - PAD.right) * (span - values.length + index)) / Math.max(1, span - 1);
  const y = (value: number): number => HEIGHT - PAD.bottom - ((HEIGHT - PAD.top - PAD.bottom) * value) / top;
  const last = values.at(-1) ?? 0;
  return (
    <figure ref={box} className="plot">
      <figcaption>
        <span>{label}</span> <span className="quiet small">{unit}</span>
      </figcaption>
      <svg width={width} height={HEIGHT} role="img" aria-label={`${label}: ${format(last)} ${unit}`}>
        <line className="plot-grid" x1={PAD.left} x2={width - PAD.right} y1={y(top)} y2={y(top)} />
        <line className="plot-zero" x1={PAD.left} x2={width - PAD.right} y1={y(0)} y2={y(0)} />
        <polyline
          className="plot-line"
          points={values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(' ')}
        />
        <text className="plot-scale" x={width - PAD.right + 6} y={y(top) + 4}>
          {format(top)}
        </text>
        {values.length > 0 && (
          <text className="plot-value" x={width - PAD.right + 6} y={Math.max(y(last), y(top) + 17) + 4}>
            {format(last)}
          </text>
        )}
      </svg>
    </figure>
  );
}
