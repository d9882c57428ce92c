import { type RefObject, useEffect, useRef } from 'react';
import { placesOf, useFind } from './find';

/** Parts of a turn that are not what was asked or answered. */
const NOT_TEXT = '.cite, .code-head, .visually-hidden, .link-place, .support-mark, .hover-anchor';
const BLOCKS = 'p, li, td, th, h3, h4, h5, pre, blockquote, .markdown';

/** Older web views, and tests without one, mark nothing. */
const marks = typeof CSS !== 'undefined' && 'highlights' in CSS ? CSS.highlights : null;

interface Piece {
  node: Text;
  /** Of the node's text in the whole. */
  start: number;
}

/** The text of a turn with the nodes it stands in; blocks end with a line. */
function textOf(turn: Element): { text: string; pieces: Piece[] } {
  const pieces: Piece[] = [];
  let text = '';
  let block: Element | null = null;
  for (const part of turn.querySelectorAll('.question, .markdown')) {
    const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const parent = node.parentElement;
      if (!(node instanceof Text) || !parent || parent.closest(NOT_TEXT)) continue;
      const own = parent.closest(BLOCKS);
      if (own !== block) text += '\n';
      block = own;
      pieces.push({ node, start: text.length });
      text += node.data;
    }
  }
  return { text: text.toLowerCase(), pieces };
}

function rangeOf(pieces: readonly Piece[], start: number, end: number): Range | null {
  const first = pieces.findLast((piece) => piece.start <= start);
  const last = pieces.findLast((piece) => piece.start < end);
  if (!first || !last) return null;
  const range = document.createRange();
  range.setStart(first.node, Math.min(first.node.length, start - first.start));
  range.setEnd(last.node, Math.min(last.node.length, end - last.start));
  return range;
}

/** Ranges of what is found in a turn that is drawn. */
function rangesIn(turn: Element, wanted: string): Range[] {
  const { text, pieces } = textOf(turn);
  return placesOf(text, wanted).flatMap((at) => rangeOf(pieces, at, at + wanted.length) ?? []);
}

/**
 * Marks what is found in the turns that are drawn, and brings the place that is stepped to into sight once its turn is there.
 * Marks are the browser's own (`::highlight`): nothing in the answer changes.
 */
export function useFound(scroller: RefObject<HTMLElement | null>, showTurn: (turn: number) => void): void {
  const { open, query, hits, at } = useFind();
  const hit = open ? hits[at] : undefined;
  const wanted = query.trim().toLowerCase();
  const shown = useRef<typeof hit>(undefined);
  const show = useRef(showTurn);
  show.current = showTurn;
  useEffect(() => {
    if (hit) show.current(hit.turn);
  }, [hit]);
  // With every drawing: turns come into sight and go while the conversation scrolls.
  useEffect(() => {
    marks?.delete('found');
    marks?.delete('found-current');
    if (!hit) return;
    const all: Range[] = [];
    for (const item of scroller.current?.querySelectorAll('[data-index]') ?? []) {
      const ranges = rangesIn(item, wanted);
      const here = item.getAttribute('data-index') === String(hit.turn);
      const current = here ? ranges[Math.min(hit.nth, ranges.length - 1)] : undefined;
      // Of two marks at one place the later one's ink would stand on the other's ground.
      all.push(...ranges.filter((range) => range !== current));
      if (!current) continue;
      marks?.set('found-current', new Highlight(current));
      if (shown.current === hit) continue;
      shown.current = hit;
      const box = scroller.current?.getBoundingClientRect();
      const place = current.getBoundingClientRect();
      if (box && scroller.current && (place.top < box.top + 24 || place.bottom > box.bottom - 24))
        scroller.current.scrollTop += place.top - box.top - box.height / 3;
    }
    marks?.set('found', new Highlight(...all));
  });
  useEffect(
    () => () => {
      marks?.delete('found');
      marks?.delete('found-current');
    },
    [],
  );
}
