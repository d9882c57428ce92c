import { plainText, type SentenceMark, squash, wordsOfSentence } from './marks';
import type { Block } from './parse';

/** What is read of a block, and not before a sentence has to be looked for in it: the last block is another with every word. */
class Known {
  private read: { words: string; numbers: ReadonlySet<number> } | null = null;
  marks: readonly SentenceMark[] = [];

  constructor(
    private block: Block,
    /** How many of the sentences were looked for. */
    public seen: number,
  ) {}

  private get text(): { words: string; numbers: ReadonlySet<number> } {
    this.read ??= { words: squash(plainText([this.block.node])), numbers: numbersIn(this.block.source) };
    return this.read;
  }

  /** Whether a sentence stands in it. */
  holds({ sentence }: SentenceMark): boolean {
    const wanted = wordsOfSentence(sentence);
    return wanted !== '' && this.text.words.includes(wanted);
  }

  /** Whether it bears the mark of a number. */
  bears(n: number): boolean {
    return this.text.numbers.has(n);
  }
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
    const known = this.known.get(block) ?? this.begin(block);
    const joining = this.sentences
      .slice(known.seen)
      .filter((mark) => (this.first.get(mark.n) === mark && known.bears(mark.n)) || known.holds(mark));
    known.seen = this.sentences.length;
    if (joining.length > 0) known.marks = [...known.marks, ...joining];
    return known.marks;
  }

  /** A block that is drawn for the first time has its chips from all that is known: only what is doubtful has to be found in it. */
  private begin(block: Block): Known {
    const known = new Known(block, this.sentences.length);
    known.marks = this.sentences.filter((mark) => mark.support !== 'supported' && known.holds(mark));
    this.known.set(block, known);
    return known;
  }
}
