import type { PhrasingContent, RootContent } from 'mdast';
import type { Support } from '@/ipc';
import { parseMarkdown } from './parse';

/** A sentence of the answer with what the check says of it. */
export interface SentenceMark {
  /** Number of the source it names, whose chip says what the check says; 0 where it names none. */
  n: number;
  sentence: string;
  support: Support;
}

/** A piece of a text node: plain, or inside a sentence that is not fully supported. */
export interface Piece {
  text: string;
  support: Support | null;
  /** The sentence ends with this piece. */
  ends: boolean;
  /** It cites nothing, so that no chip says what the check says: a mark of its own follows. */
  bare: boolean;
}

type Node = RootContent | PhrasingContent;

/** Text as a reader sees it, without citation marks. */
export function plainText(nodes: readonly Node[]): string {
  return nodes
    .map((node) => ('children' in node ? plainText(node.children as Node[]) : 'value' in node ? node.value : ''))
    .join('');
}

/** Without white space and citation marks, which neither a line break nor emphasis can change. */
export function squash(text: string): string {
  return text.replace(/\[\d+\]/g, '').replace(/\s+/g, '');
}

/** What Markdown could mean something by: a sentence without any of it reads as it is written. */
const MEANING = /[\\`*_~[\]<>|$&\n]|^\s|^[#=+-]|^\d+[.)]/;

// Every block that is drawn is looked through for every sentence of its answer, and each is read once.
const read = new Map<string, string>();
const MOST_READ = 2000;

/** A sentence as a reader sees it, squashed. */
export function wordsOfSentence(sentence: string): string {
  if (!MEANING.test(sentence)) return squash(sentence);
  let words = read.get(sentence);
  if (words === undefined) {
    words = squash(plainText(parseMarkdown(sentence).map((part) => part.node)));
    if (read.size >= MOST_READ) read.clear();
    read.set(sentence, words);
  }
  return words;
}

/**
 * Finds the marked sentences in a block and cuts its text nodes there. Comparison ignores white space and citation marks, so
 * that emphasis or a line break inside a sentence does no harm; a sentence that is not found marks nothing.
 */
export function cutAtSentences(block: RootContent, marks: readonly SentenceMark[]): Map<Node, Piece[]> {
  const cuts = new Map<Node, Piece[]>();
  const doubtful = marks.filter((mark) => mark.support !== 'supported');
  if (doubtful.length === 0) return cuts;

  // Every visible character of the block with its node and offset, white space and citation marks left out.
  const places: { node: Node; offset: number }[] = [];
  let squashed = '';
  const visit = (node: Node): void => {
    if (node.type === 'text') {
      const skip = [...node.value.matchAll(/\[\d+\]/g)].map(
        (match) => [match.index, match.index + match[0].length] as const,
      );
      for (let offset = 0; offset < node.value.length; offset++) {
        const character = node.value[offset] ?? '';
        if (/\s/.test(character) || skip.some(([start, end]) => offset >= start && offset < end)) continue;
        places.push({ node, offset });
        squashed += character;
      }
    } else if ('children' in node) for (const child of node.children as Node[]) visit(child);
    else if ('value' in node && node.type !== 'html') {
      for (const character of squash(node.value)) {
        places.push({ node, offset: -1 });
        squashed += character;
      }
    }
  };
  visit(block);

  const ranges = new Map<Node, { start: number; end: number; support: Support; ends: boolean; bare: boolean }[]>();
  for (const { n, sentence, support } of doubtful) {
    const wanted = wordsOfSentence(sentence);
    const at = wanted.length >= 8 ? squashed.indexOf(wanted) : -1;
    if (at < 0) continue;
    const last = at + wanted.length - 1;
    const bare = n === 0;
    for (let index = at; index <= last; index++) {
      const place = places[index];
      if (!place || place.offset < 0) continue;
      const list = ranges.get(place.node) ?? [];
      const open = list.at(-1);
      if (open && open.support === support && !open.ends) open.end = place.offset + 1;
      else list.push({ start: place.offset, end: place.offset + 1, support, ends: false, bare });
      const current = list.at(-1);
      if (current && index === last) current.ends = true;
      ranges.set(place.node, list);
    }
  }
  for (const [node, list] of ranges) {
    if (node.type !== 'text') continue;
    const pieces: Piece[] = [];
    let at = 0;
    for (const range of list.sort((a, b) => a.start - b.start)) {
      if (range.start < at) continue;
      if (range.start > at)
        pieces.push({ text: node.value.slice(at, range.start), support: null, ends: false, bare: false });
      const { support, ends, bare } = range;
      pieces.push({ text: node.value.slice(range.start, range.end), support, ends, bare });
      at = range.end;
    }
    if (at < node.value.length) pieces.push({ text: node.value.slice(at), support: null, ends: false, bare: false });
    cuts.set(node, pieces);
  }
  return cuts;
}
