import { describe, expect, it } from 'vitest';
import type { Source, TracedChunk } from './bindings';
import { traceOf } from './trace';

const TEXT = 'Rent is due on Mondays. 🏠 The fee is two rents.';
const LENGTH = [...TEXT].length;

const source = (start: number, text: string): Source => ({
  n: 1,
  document_id: 4,
  document_hash: '',
  path: '',
  title: 'Lease',
  page: 7,
  span: { start, end: start + [...text].length },
  heading: [],
  text,
});

const passage = (span?: [number, number], dropped = false): TracedChunk => ({
  id: 1,
  document: 4,
  page: 7,
  ...(span && { span: { start: span[0], end: span[1] } }),
  keyword_rank: 1,
  bm25: 2,
  vector_rank: null,
  cosine: null,
  score: 1.4,
  fate: dropped ? { type: 'low' } : { type: 'source' },
});

function textsOf(candidates: TracedChunk[], sources: Source[]): string[] {
  const retrieval = {
    searched: 'fee',
    mode: 'hybrid' as const,
    exact: false,
    vector_weight: 0.5,
    best_cosine: 0.5,
    coverage: 0.5,
    budget_tokens: 1,
    used_tokens: 1,
    candidates,
  };
  const told = {
    retrieval,
    found_score: 1,
    wants_everything: false,
    embed_ms: 1,
    search_ms: 1,
    shown_ms: 1,
    total_ms: 1,
  };
  return traceOf(told, sources, new Map([[4, 'Lease']])).passages.map(({ text }) => text);
}

describe('why this answer', () => {
  it('tells each passage of a page with its own words', () => {
    // Two passages that were put together as one source, and one further down the page that was left out.
    const merged = source(100, TEXT);
    const first = passage([100, 123]);
    const second = passage([124, 100 + LENGTH]);
    expect(textsOf([first, second, passage([900, 950], true)], [merged])).toEqual([
      'Rent is due on Mondays.',
      '🏠 The fee is two rents.',
      '',
    ]);
  });

  it('tells none of the words of another passage: where a source holds only a part, or the place was not kept', () => {
    expect(textsOf([passage([120, 100 + LENGTH + 40], true), passage()], [source(100, TEXT)])).toEqual(['', '']);
  });

  it('tells what the document said when this was answered', () => {
    const [before, now] = [source(0, 'The fee is one rent.'), source(0, 'The fee is two rent.')];
    expect(textsOf([passage([0, 20])], [before, now])).toEqual(['The fee is two rent.']);
  });
});
