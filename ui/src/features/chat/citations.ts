import type { Citation, Support } from '@/ipc';
import { squash, wordsOfSentence } from '@/shared/markdown/marks';

/** Every citation of an answer by the number of its mark: one source may be cited by several sentences, each for its own passage. */
export type Citations = ReadonlyMap<number, readonly Citation[]>;

export function byNumber(citations: readonly Citation[]): Citations {
  const found = new Map<number, Citation[]>();
  for (const citation of citations) {
    const list = found.get(citation.n) ?? [];
    list.push(citation);
    found.set(citation.n, list);
  }
  return found;
}

/** How many of the last characters before a mark stand in the sentence without a gap. */
function shared(words: string, before: string): number {
  let length = Math.min(words.length, before.length);
  while (length > 0 && !words.includes(before.slice(-length))) length -= 1;
  return length;
}

/**
 * The citation behind a mark: of all with its number the one whose sentence holds the words before the mark. Marks are not
 * simply counted, since a sentence that names a source twice is cited once.
 */
export function citationAt(citations: Citations, n: number, before: string): Citation | null {
  const list = citations.get(n);
  const first = list?.[0];
  if (!list || !first) return null;
  if (list.length === 1) return first;
  const said = squash(before);
  let best = list.find((each) => each.sentence === '') ?? first;
  let most = 0;
  for (const each of list) {
    const words = wordsOfSentence(each.sentence);
    const length = shared(words, said);
    if (length > most && length >= Math.min(8, words.length - 1)) {
      most = length;
      best = each;
    }
  }
  return best;
}

/** Citations that open different places, in the order in which they are read. */
export function places(citations: readonly Citation[]): Citation[] {
  const seen = new Map<string, Citation>();
  for (const each of citations) {
    const key = placeOf(each);
    if (!seen.has(key)) seen.set(key, each);
  }
  return [...seen.values()];
}

export function placeOf({ document_id, page, span }: Citation): string {
  return `${document_id}.${page}.${span.start}.${span.end}`;
}

/** A number of an answer with all it is cited for. */
export interface CitedSource {
  n: number;
  /** The first place. */
  first: Citation;
  /** Different passages, in order. */
  quotes: string[];
  /** The best that the check says of any of its sentences: the source is doubtful only where all are. */
  support: Support;
}

const RANK: Record<Support, number> = { supported: 2, weak: 1, unsupported: 0 };

/** One line a number, in their order. */
export function sourcesOf(citations: readonly Citation[]): CitedSource[] {
  const found = new Map<number, CitedSource>();
  for (const citation of citations) {
    const { n, quote, support } = citation;
    const known = found.get(n);
    if (!known) found.set(n, { n, first: citation, quotes: [quote], support });
    else {
      if (!known.quotes.includes(quote)) known.quotes.push(quote);
      if (RANK[support] > RANK[known.support]) known.support = support;
    }
  }
  return [...found.values()].sort((a, b) => a.n - b.n);
}
