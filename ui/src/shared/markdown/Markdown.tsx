import { memo, useMemo, useRef } from 'react';
import { BlockMarks } from './blockMarks';
import { cutAtSentences, type SentenceMark } from './marks';
import { type RenderCitation, render } from './nodes';
import { type Block, GrowingMarkdown } from './parse';

interface BlockProperties {
  block: Block;
  /** Those that stand in this block: the same list as long as no other joins it. */
  marks: readonly SentenceMark[];
  citation: RenderCitation;
  openLink: (href: string) => void;
}

const MarkdownBlock = memo(function MarkdownBlock({ block, marks, citation, openLink }: BlockProperties) {
  const cuts = useMemo(() => cutAtSentences(block.node, marks), [block, marks]);
  return render(block.node, { citation, openLink, cuts, said: '' }, 'b', 0);
});

interface Properties {
  text: string;
  /** The same function as long as the text is the same answer: a block is drawn again when its sentences change, not when this does. */
  citation: RenderCitation;
  openLink: (href: string) => void;
  sentences?: readonly SentenceMark[];
}

const NONE: readonly SentenceMark[] = [];

/**
 * The one way model text reaches the screen. Reads a growing text in steps: a finished block is neither read again nor drawn again,
 * unless a sentence in it was checked meanwhile, so that an answer of any length costs the same a word.
 */
export function Markdown({ text: source, citation, openLink, sentences = NONE }: Properties) {
  const reader = useRef<GrowingMarkdown | null>(null);
  reader.current ??= new GrowingMarkdown();
  const marks = useRef<BlockMarks | null>(null);
  marks.current ??= new BlockMarks();
  const blocks = reader.current.update(source);
  marks.current.update(sentences);
  return (
    <div className="markdown">
      {blocks.map((block, index) => (
        <MarkdownBlock
          key={index}
          block={block}
          marks={marks.current?.of(block) ?? NONE}
          citation={citation}
          openLink={openLink}
        />
      ))}
    </div>
  );
}
