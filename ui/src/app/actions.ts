import { useChat } from '@/features/chat/store';
import { useLibrary } from '@/features/library/store';
import { type Target, useSource } from '@/features/source/store';
import type { Citation, DocumentRow, Source } from '@/ipc';
import { useLayout } from './layout';

function targetOf(item: Citation | Source, n: number | null): Target {
  return { document: item.document_id, page: item.page, span: item.span, n, hash: item.document_hash };
}

/** Opens a citation's page beside the answer; next and previous then go through the answer's others. */
export function openCitation(citation: Citation, all: readonly Citation[]): void {
  const distinct = [...new Map(all.map((each) => [each.n, each])).values()].sort((a, b) => a.n - b.n);
  const targets = distinct.map((each) => targetOf(each, each.n));
  const target = targets.find((each) => each.n === citation.n) ?? targetOf(citation, citation.n);
  useLayout.getState().set({ source: true });
  void useSource.getState().open(target, targets);
}

export function openSource(source: Source): void {
  useLayout.getState().set({ source: true });
  void useSource.getState().open(targetOf(source, null), []);
}

export function readDocument(row: DocumentRow): void {
  useLayout.getState().set({ source: true });
  void useSource.getState().open({ document: row.id, page: 1, span: null, n: null, hash: null }, []);
}

export function askAbout(documents: number[]): void {
  useChat.getState().startNew({ kind: 'documents', ids: documents });
  useLayout.getState().show('chat');
  focusQuestion();
}

export function focusQuestion(): void {
  useLayout.getState().show('chat');
  requestAnimationFrame(() => document.getElementById('question')?.focus());
}

export function newConversation(): void {
  useChat.getState().startNew();
  focusQuestion();
}

/** The citation with that number in the answer last given. */
export function openCitationNumber(n: number): void {
  const answer = useChat.getState().turns.at(-1)?.answer;
  const citation = answer?.citations.find((each) => each.n === n);
  if (answer && citation) openCitation(citation, answer.citations);
}

export function stepCitation(by: number): void {
  const { targets, step } = useSource.getState();
  if (targets.length > 0) step(by);
  else openCitationNumber(1);
}

export function stopEverything(): boolean {
  const { running, stop } = useChat.getState();
  if (running && !running.error) {
    stop();
    return true;
  }
  return false;
}

export function addFiles(kind: 'files' | 'folder'): void {
  void useLibrary.getState().pick(kind);
}
