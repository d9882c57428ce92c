import { memo, useCallback, useMemo, useRef } from 'react';
import { backend, type Citation } from '@/ipc';
import { Markdown } from '@/shared/markdown/Markdown';
import type { SentenceMark } from '@/shared/markdown/marks';
import { attempt } from '@/shared/ui/toasts';
import { CitationChip } from './CitationChip';
import { byNumber, citationAt } from './citations';

function openLink(href: string): void {
  void attempt(() => backend().openLink(href));
}

interface Properties {
  text: string;
  citations: readonly Citation[];
  /** What the check says of each sentence; while an answer is written the list only grows at its end. */
  sentences: readonly SentenceMark[];
  onOpen: (citation: Citation) => void;
}

/** The words of an answer with their citation chips and doubtful sentences marked. */
export const AnswerText = memo(function AnswerText({ text, citations, sentences, onOpen }: Properties) {
  const numbered = useMemo(() => byNumber(citations), [citations]);
  // Read by chips drawn later: with every checked sentence there are other citations, and a chip that stands keeps its own.
  const latest = useRef({ numbered, onOpen });
  latest.current = { numbered, onOpen };
  const chip = useCallback((n: number, before: string) => {
    const citation = citationAt(latest.current.numbered, n, before);
    return citation && <CitationChip citation={citation} onOpen={(opened) => latest.current.onOpen(opened)} />;
  }, []);
  return <Markdown text={text} citation={chip} openLink={openLink} sentences={sentences} />;
});
