import { useEffect, useMemo, useRef, useState } from 'react';
import { backend, type Tile } from '@/ipc';
import type { Quarters } from './quarters';
import { useSource } from './store';
import { type Seen, seenIn, tilesOf } from './tiles';

interface Properties {
  document: number;
  number: number;
  /** Width and height of the page in points. */
  size: readonly [number, number];
  /** CSS pixels a point. */
  scale: number;
  /** Pixels a point of the tiles. */
  pixels: number;
  quarters: Quarters;
}

/** The part of an enlarged page that is in sight, drawn sharp over the picture of the whole. */
export function Tiles({ document, number, size, scale, pixels, quarters }: Properties) {
  const layer = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState<Seen | null>(null);
  const reads = useSource((state) => state.reads);
  useEffect(() => {
    const scroller = layer.current?.closest('.source-scroll');
    if (!scroller) return;
    const look = (): void => {
      const page = layer.current?.getBoundingClientRect();
      if (page) setSeen(seenIn(scroller.getBoundingClientRect(), page, pixels / scale, quarters));
    };
    look();
    const observer = new ResizeObserver(look);
    observer.observe(scroller);
    scroller.addEventListener('scroll', look, { passive: true });
    return () => {
      observer.disconnect();
      scroller.removeEventListener('scroll', look);
    };
  }, [scale, pixels, quarters]);
  const whole = useMemo(() => [Math.round(size[0] * pixels), Math.round(size[1] * pixels)] as const, [size, pixels]);
  return (
    <div ref={layer} className="tiles" aria-hidden>
      {seen &&
        tilesOf(whole, seen).map((tile) => (
          <Piece
            key={`${document}.${number}.${reads}.${pixels}.${tile.join('.')}`}
            document={document}
            number={number}
            tile={tile}
            scale={scale}
            pixels={pixels}
          />
        ))}
    </div>
  );
}

function Piece({ document, number, tile, scale, pixels }: Omit<Properties, 'size' | 'quarters'> & { tile: Tile }) {
  const [url, setUrl] = useState<string | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a piece of another place is another piece, by its key
  useEffect(() => {
    let made: string | null = null;
    let live = true;
    backend()
      .renderPage(document, number, pixels, tile)
      .then((blob) => {
        if (!live) return;
        made = URL.createObjectURL(blob);
        setUrl(made);
      })
      // The picture of the whole stays where a piece of it cannot be drawn.
      .catch(() => undefined);
    return () => {
      live = false;
      if (made) URL.revokeObjectURL(made);
    };
  }, []);
  if (!url) return null;
  const [left, top, width, height] = tile.map((part) => (part * scale) / pixels);
  return <img src={url} alt="" draggable={false} style={{ left, top, width, height }} />;
}
