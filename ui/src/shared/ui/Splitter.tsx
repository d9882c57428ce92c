import { useRef } from 'react';

interface Properties {
  label: string;
  /** Width of the column it resizes, in pixels. */
  width: number;
  minimum: number;
  maximum: number;
  /** Which side of the handle the column is on. */
  side: 'left' | 'right';
  onResize: (width: number) => void;
}

/** The handle between two columns: drag it, or use the arrow keys. */
export function Splitter({ label, width, minimum, maximum, side, onResize }: Properties) {
  const drag = useRef<{ x: number; width: number } | null>(null);
  const clamp = (value: number): number => Math.round(Math.max(minimum, Math.min(maximum, value)));
  const sign = side === 'left' ? 1 : -1;
  return (
    <hr
      className="splitter"
      tabIndex={0}
      aria-label={label}
      aria-orientation="vertical"
      aria-valuenow={width}
      aria-valuemin={minimum}
      aria-valuemax={maximum}
      onPointerDown={(event) => {
        drag.current = { x: event.clientX, width };
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        if (drag.current) onResize(clamp(drag.current.width + sign * (event.clientX - drag.current.x)));
      }}
      // Let go, or taken away by the system.
      onLostPointerCapture={() => {
        drag.current = null;
      }}
      onKeyDown={(event) => {
        const step = event.key === 'ArrowRight' ? 16 : event.key === 'ArrowLeft' ? -16 : 0;
        if (step !== 0) onResize(clamp(width + sign * step));
      }}
    />
  );
}
