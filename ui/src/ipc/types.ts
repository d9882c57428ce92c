// What crosses the boundary is generated (`bindings.ts`). Here stands what the window adds: figures that the engine could not
// measure are `null` there, and places on a page are read once, in `tauri.ts`, so that the window draws only what has a place.

import type { DocumentState, Heading, Span, Support } from './bindings';

export type * from './bindings';

export const DOCUMENT_STATES: readonly DocumentState[] = [
  'queued',
  'working',
  'ready',
  'duplicate',
  'empty',
  'needs_password',
  'no_text',
  'unsupported',
  'damaged',
  'too_large',
  'timed_out',
  'crashed',
  'unreadable',
];

/** States that need a person: a retry may change them once the cause is put right. */
export const PROBLEM_STATES: readonly DocumentState[] = DOCUMENT_STATES.slice(5);

/** In points, origin at the top left. */
export interface Rect {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

export interface WordBox {
  span: Span;
  rect: Rect;
}

/** A page as it is shown: only words that have a place. */
export interface Page {
  number: number;
  text: string;
  headings: Heading[];
  words: WordBox[];
  /** Width and height in points; `null` for formats that are not drawn. */
  size: [number, number] | null;
  /** Of a PDF, or a picture, whose file is what was indexed; else its text is shown. */
  drawable: boolean;
  /** A picture whose text was recognised, and may hold mistakes. */
  recognised: boolean;
}

/** A sentence of a running answer, checked against its source; `n` is 0 when it cites nothing. */
export interface CheckedSentence {
  n: number;
  source: number;
  sentence: string;
  support: Support;
}
