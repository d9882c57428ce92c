import { placeOf, places } from '@/features/chat/citations';
import { useFind } from '@/features/chat/find';
import { isWriting } from '@/features/chat/state';
import { useChat } from '@/features/chat/store';
import { useLibrary } from '@/features/library/store';
import { TEXT_SIZES, useSettings } from '@/features/settings/store';
import { type Target, useSource } from '@/features/source/store';
import type { Citation, DocumentRow, ExportFormat, Source, TracePassage } from '@/ipc';
import { t } from '@/shared/i18n';
import { announce } from '@/shared/ui/toasts';
import { overlaysNow, useLayout } from './layout';

function targetOf(item: Citation | Source, n: number | null): Target {
  return {
    document: item.document_id,
    page: item.page,
    span: item.span,
    n,
    quote: 'quote' in item ? item.quote : item.text,
  };
}

/** Opens a citation's page beside the answer; next and previous then go through the answer's other places. */
export function openCitation(citation: Citation, all: readonly Citation[]): void {
  const distinct = places(all);
  const targets = distinct.map((each) => targetOf(each, each.n));
  const at = distinct.findIndex((each) => placeOf(each) === placeOf(citation));
  const target = targets[at] ?? targetOf(citation, citation.n);
  useLayout.getState().set({ source: true });
  void useSource.getState().open(target, targets);
}

export function openSource(source: Source): void {
  useLayout.getState().set({ source: true });
  void useSource.getState().open(targetOf(source, null), []);
}

/** A passage that was considered for an answer: its place, or its page where the place was not kept. */
export function openPassage({ document_id, page, span, text }: TracePassage): void {
  const target = {
    document: document_id,
    page,
    span,
    n: null,
    quote: text || null,
  };
  useLayout.getState().set({ source: true });
  void useSource.getState().open(target, []);
}

export function readDocument(row: DocumentRow): void {
  useLayout.getState().set({ source: true });
  void useSource.getState().open({ document: row.id, page: 1, span: null, n: null, quote: null }, []);
}

/** More of a selection does not help a question. */
const QUOTED = 600;

/** A new conversation about these documents; with a quote its question begins with that, before what was begun already. */
export function askAbout(documents: number[], quote = ''): void {
  const { startNew, setDraft } = useChat.getState();
  startNew({ kind: 'documents', ids: documents });
  const words = [...quote.trim().replace(/\s+/g, ' ')].slice(0, QUOTED).join('');
  if (words !== '') setDraft(`${t('chat.about', { quote: words })}${useChat.getState().draft}`);
  // The document may lie over the field.
  if (overlaysNow().source) useLayout.getState().set({ source: false });
  focusQuestion();
}

/** The words that are selected in the open document. */
export function selectedInSource(): string {
  const selection = document.getSelection();
  const at = selection?.anchorNode;
  const element = at instanceof Element ? at : at?.parentElement;
  return element?.closest('.source-scroll') ? (selection?.toString().trim() ?? '') : '';
}

export function focusQuestion(): void {
  useLayout.getState().show('chat');
  requestAnimationFrame(() => document.getElementById('question')?.focus());
}

/** Goes to the setting of the search model. */
export function chooseEmbedder(): void {
  useLayout.getState().show('settings');
  requestAnimationFrame(() => {
    const field = document.getElementById('embedder');
    field?.scrollIntoView({ block: 'center' });
    field?.focus();
  });
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
  if (!isWriting(useChat.getState())) return false;
  useChat.getState().stop();
  return true;
}

/** Opens the conversation below or above the open one in the list. */
export function stepConversation(by: 1 | -1): void {
  const { conversations, id, open } = useChat.getState();
  if (!conversations || conversations.length === 0) return;
  const at = conversations.findIndex((each) => each.id === id);
  const next = conversations[at < 0 ? 0 : Math.max(0, Math.min(conversations.length - 1, at + by))];
  if (next) void open(next.id);
  useLayout.getState().show('chat');
}

export function findInConversation(): void {
  if (useChat.getState().turns.length === 0) return;
  useLayout.getState().show('chat');
  useFind.getState().setOpen(true);
  // Open already, with the focus elsewhere.
  focusSearch('.chat-page .find-bar');
}

function focusSearch(selector: string): boolean {
  const field = document.querySelector<HTMLInputElement>(`${selector} input[type="search"]`);
  field?.focus();
  field?.select();
  return field !== null;
}

/** Searches in what is looked at: the open document, the list of documents, the settings, or the conversation. */
export function findHere(): void {
  const { view, source } = useLayout.getState();
  const open = source && useSource.getState().row !== null;
  const inSource = document.activeElement?.closest('.source-panel') !== null;
  if (!(open && inSource) && view !== 'chat' && focusSearch('main .page')) return;
  if (open) {
    useSource.getState().setSearching(true);
    focusSearch('.source-panel .find-bar');
  } else findInConversation();
}

export function hasCitations(): boolean {
  return useSource.getState().targets.length > 0 || (useChat.getState().turns.at(-1)?.answer.citations.length ?? 0) > 0;
}

export function isIngesting(): boolean {
  const progress = useLibrary.getState().summary?.progress;
  return progress !== undefined && progress.done < progress.total;
}

export function showDocuments(collection: number | null, state: 'any' | 'problem' = 'any'): void {
  useLibrary.getState().setQuery({ collection, state });
  useLayout.getState().show('library');
}

export function exportConversation(format: ExportFormat): void {
  const { id, exportTo } = useChat.getState();
  if (id !== null) void exportTo(id, format);
}

/** The next larger or smaller text size. */
export function stepTextSize(by: 1 | -1): void {
  const { settings, change } = useSettings.getState();
  if (!settings) return;
  const sizes = by > 0 ? TEXT_SIZES : [...TEXT_SIZES].reverse();
  const next = sizes.find((size) => (size - settings.text_size) * by > 0);
  if (next !== undefined) void change({ text_size: next });
}

export function addFiles(kind: 'files' | 'folder'): void {
  void useLibrary.getState().pick(kind);
}

/** From now on scans are read, those first that are there already. */
export async function recogniseScans(): Promise<void> {
  const { change } = useSettings.getState();
  await change({ recognise_scans: true });
  if (useSettings.getState().settings?.recognise_scans)
    announce(t('library.scans_read'), () => change({ recognise_scans: false }));
}
