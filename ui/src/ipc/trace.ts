import type { AnswerTrace, TracePassage } from './backend';
import type { AnswerTrace as EngineTrace, Source, Span, TracedChunk } from './bindings';

/** The part of a text at a span of Unicode scalar values, counted from `start`. */
function part(text: string, { start, end }: Span, from: number): string {
  return [...text].slice(start - from, end - from).join('');
}

/**
 * A passage's own words: known where a source holds its place. The last source counts: a document may have been read again
 * between two turns of a conversation.
 */
function textOf({ document, page, span }: TracedChunk, sources: readonly Source[]): string {
  if (!span) return '';
  const source = sources.findLast(
    (each) =>
      each.document_id === document && each.page === page && each.span.start <= span.start && span.end <= each.span.end,
  );
  return source ? part(source.text, span, source.span.start) : '';
}

function passageOf(
  candidate: TracedChunk,
  sources: readonly Source[],
  titles: ReadonlyMap<number, string>,
): TracePassage {
  const { document, page, span, vector_rank, keyword_rank, cosine, bm25, score, fate } = candidate;
  return {
    document_id: document,
    title: titles.get(document) ?? String(document),
    page,
    span: span ?? null,
    text: textOf(candidate, sources),
    vector_rank,
    keyword_rank,
    cosine,
    bm25,
    score,
    dropped: fate.type === 'source' || fate.type === 'recalled' ? null : fate.type,
  };
}

/** What the trace of an answer says, with the titles and the texts that are at hand. */
export function traceOf(
  told: EngineTrace,
  sources: readonly Source[],
  titles: ReadonlyMap<number, string>,
): AnswerTrace {
  const { retrieval } = told;
  return {
    query: retrieval.searched,
    mode: retrieval.mode,
    exact: retrieval.exact,
    wants_everything: told.wants_everything,
    vector_weight: retrieval.vector_weight,
    coverage: retrieval.coverage,
    best_cosine: retrieval.best_cosine,
    packed_tokens: retrieval.used_tokens,
    budget_tokens: retrieval.budget_tokens,
    passages: retrieval.candidates.map((candidate) => passageOf(candidate, sources, titles)),
    timings: [
      { name: 'embed', ms: told.embed_ms },
      { name: 'search', ms: told.search_ms },
      { name: 'shown', ms: told.shown_ms },
      { name: 'total', ms: told.total_ms },
    ],
  };
}
