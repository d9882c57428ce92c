import type { RootContent } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmStrikethroughFromMarkdown } from 'mdast-util-gfm-strikethrough';
import { gfmTableFromMarkdown } from 'mdast-util-gfm-table';
import { mathFromMarkdown } from 'mdast-util-math';
import { gfmStrikethrough } from 'micromark-extension-gfm-strikethrough';
import { gfmTable } from 'micromark-extension-gfm-table';
import { math } from 'micromark-extension-math';

// Raw HTML and reference definitions do not exist in model text: with the constructs off, both stay the characters they are.
// Without definitions, no later line can change what an earlier one means, which is what makes reading in steps exact.
const PARSE_OPTIONS = {
  extensions: [gfmTable(), gfmStrikethrough(), math(), { disable: { null: ['htmlFlow', 'htmlText', 'definition'] } }],
  mdastExtensions: [gfmTableFromMarkdown(), gfmStrikethroughFromMarkdown(), mathFromMarkdown()],
};

/** A top-level block with the text it was read from. */
export interface Block {
  node: RootContent;
  source: string;
  /** Of `source` in the whole text, in UTF-16 units. */
  start: number;
}

function read(text: string, from: number): Block[] {
  return fromMarkdown(text.slice(from), PARSE_OPTIONS).children.map((node) => {
    const start = (node.position?.start.offset ?? 0) + from;
    return { node, source: text.slice(start, (node.position?.end.offset ?? 0) + from), start };
  });
}

/** The blocks of a whole text. */
export function parseMarkdown(text: string): Block[] {
  return read(text, 0);
}

// Finished answers come into sight and go again while a person scrolls.
const recent = new Map<string, Block[]>();
const MOST_RECENT = 60;

function readOnce(text: string): Block[] {
  const blocks = recent.get(text) ?? read(text, 0);
  recent.delete(text);
  recent.set(text, blocks);
  const [oldest] = recent.keys();
  if (recent.size > MOST_RECENT && oldest !== undefined) recent.delete(oldest);
  return blocks;
}

/**
 * Reads a growing text: only the last two blocks can still change (a list may swallow the paragraph after it), so only they
 * are read again. Gives the same blocks as reading the whole; those before keep their identity.
 */
export class GrowingMarkdown {
  private text = '';
  private blocks: Block[] = [];

  update(text: string): Block[] {
    if (text === this.text) return this.blocks;
    if (this.text === '') {
      this.blocks = readOnce(text);
      this.text = text;
      return this.blocks;
    }
    const grown = text.startsWith(this.text);
    const kept = grown ? this.blocks.slice(0, -2) : [];
    const first = this.blocks[kept.length];
    // From the start of the line: indentation belongs to the block's meaning.
    const from = grown && first && kept.length > 0 ? this.text.lastIndexOf('\n', first.start - 1) + 1 : 0;
    this.blocks = from === 0 ? read(text, 0) : [...kept, ...read(text, from)];
    this.text = text;
    return this.blocks;
  }
}
