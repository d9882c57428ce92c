import { sliceSpan } from '@/shared/text/spans';
import type { AnswerTrace, TracePassage } from './backend';
import type { AnswerTrace as EngineTrace, Source, TracedChunk } from './bindings';

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
  if (!source) return '';
  const from = source.span.start;
  return sliceSpan(source.text, { start: span.start - from, end: span.end - from });
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
