import type { Answer, AnswerTrace, Citation, DocumentRow, Source } from '../types';
import { mockPage } from './pages';

/** Most documents that are quoted, as in the engine. */
const MOST_QUOTED = 50;

export function wantsEverything(question: string): boolean {
  return /^(list|which documents|how many)/i.test(question);
}

/** Sentences of a page after its heading, with their places. */
function sentencesOf(row: DocumentRow): { text: string; start: number }[] {
  const { text } = mockPage(row, 1);
  const found: { text: string; start: number }[] = [];
  let start = text.indexOf('\n') + 1;
  for (const sentence of text.slice(start).split(/(?<=\.) /)) {
    found.push({ text: sentence, start });
    start += sentence.length + 1;
  }
  return found;
}

function sourceOf(row: DocumentRow, n: number): Source {
  const sentences = sentencesOf(row).slice(0, 3);
  const text = sentences.map((sentence) => sentence.text).join(' ');
  const start = sentences[0]?.start ?? 0;
  return {
    n,
    document_id: row.id,
    document_hash: '0'.repeat(64),
    path: row.path,
    title: row.title,
    page: 1,
    span: { start, end: start + text.length },
    heading: [],
    text,
  };
}

/** A document's best sentence, or two. */
function quotesOf(source: Source, row: DocumentRow): Citation[] {
  return sentencesOf(row)
    .slice(0, source.n % 3 === 0 ? 2 : 1)
    .map(({ text, start }) => ({
      ...source,
      source: source.n,
      span: { start, end: start + text.length },
      quote: text,
      sentence: text,
      support: 'supported',
    }));
}

/** An answer that asked each document: of twelve that say something, or of so many as the question names. */
export function eachDocument(rows: readonly DocumentRow[], question: string): { answer: Answer; sources: Source[] } {
  const ready = rows.filter((row) => row.pages > 0);
  const found = Math.min(ready.length, Number(/(\d+) documents/.exec(question)?.[1] ?? 12));
  const told = ready.slice(0, Math.min(found, MOST_QUOTED));
  const sources = told.map((row, at) => sourceOf(row, at + 1));
  const quotes = told.map((row, at) => quotesOf(sourceOf(row, at + 1), row));
  const text = told.map((row, at) => {
    const title = row.title.replace(/[\\*_.[\]]/g, '\\$&');
    return `**${title}**\n\n${quotes[at]?.map((quote) => `${quote.quote} [${quote.n}]`).join(' ')}`;
  });
  const answer: Answer = {
    mode: 'extractive',
    finish: 'stop',
    text: text.join('\n\n'),
    thinking: null,
    citations: quotes.flat(),
    coverage: { asked: ready.length, found, quoted: told.length },
    stats: null,
  };
  return { answer, sources };
}

/** None of the documents says anything. */
export function noneOf(rows: readonly DocumentRow[], answer: Answer): Answer {
  const asked = rows.filter((row) => row.pages > 0).length;
  return { ...answer, coverage: { asked, found: 0, quoted: 0 } };
}

/** What the engine tells of an answer, as far as the window listens. */
export function traced(question: string): AnswerTrace {
  return {
    retrieval: {
      searched: question,
      mode: 'hybrid',
      exact: false,
      vector_weight: 0.4,
      best_cosine: 0.71,
      coverage: 0.83,
      budget_tokens: 2048,
      used_tokens: 612,
      candidates: [],
    },
    found_score: 0.9,
    wants_everything: wantsEverything(question),
    embed_ms: 14,
    search_ms: 12,
    shown_ms: 31,
    total_ms: 2972,
  };
}
