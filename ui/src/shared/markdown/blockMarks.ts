import { plainText, type SentenceMark, squash, wordsOfSentence } from './marks';
import type { Block } from './parse';

interface Known {
  /** How many of the sentences were looked for. */
  seen: number;
  /** The block's own words, without what white space and emphasis change. */
  words: string;
  /** Numbers of the citation marks in it. */
  numbers: ReadonlySet<number>;
  marks: SentenceMark[];
}

function numbersIn(text: string): Set<number> {
  return new Set([...text.matchAll(/\[(\d{1,4})\]/g)].map((match) => Number(match[1])));
}

/**
 * Which checked sentences stand in which block. Sentences only join at the end of the list while an answer is written: each is looked
 * for once in each block, and a block whose sentences are the same keeps the same list.
 */
export class BlockMarks {
  private sentences: readonly SentenceMark[] = [];
  private known = new WeakMap<Block, Known>();
  /** The first sentence of each number: it makes the number's chip known to every block that bears it. */
  private first = new Map<number, SentenceMark>();

  update(sentences: readonly SentenceMark[]): void {
    if (sentences === this.sentences) return;
    const grown = this.sentences.every((mark, index) => mark === sentences[index]);
    if (!grown) {
      this.known = new WeakMap();
      this.first = new Map();
    }
    for (const mark of sentences.slice(grown ? this.sentences.length : 0))
      if (!this.first.has(mark.n)) this.first.set(mark.n, mark);
    this.sentences = sentences;
  }

  of(block: Block): readonly SentenceMark[] {
    const known = this.known.get(block) ?? this.read(block);
    const { words, numbers, seen } = known;
    const joining = this.sentences
      .slice(seen)
      .filter((mark) => (numbers.has(mark.n) && this.first.get(mark.n) === mark) || stands(mark, words));
    known.seen = this.sentences.length;
    if (joining.length > 0) known.marks = [...known.marks, ...joining];
    return known.marks;
  }

  /** A block that is drawn for the first time has its chips from all that is known: only what is doubtful has to be found in it. */
  private read(block: Block): Known {
    const words = squash(plainText([block.node]));
    const marks = this.sentences.filter((mark) => mark.support !== 'supported' && stands(mark, words));
    const known = { seen: this.sentences.length, words, numbers: numbersIn(block.source), marks };
    this.known.set(block, known);
    return known;
  }
}

function stands({ sentence }: SentenceMark, words: string): boolean {
  const wanted = wordsOfSentence(sentence);
  return wanted !== '' && words.includes(wanted);
}
