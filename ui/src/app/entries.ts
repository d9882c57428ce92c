import { FileText, MessageSquare } from 'lucide-react';
import { useChat } from '@/features/chat/store';
import type { ConversationRow, DocumentRow } from '@/ipc';
import { t } from '@/shared/i18n';
import { tameName } from '@/shared/text/tame';
import { readDocument } from './actions';
import { COMMANDS } from './commands';
import { type Found, foundCommands } from './commands/found';
import { useLayout } from './layout';

/** A line of the palette. */
export interface Entry extends Found {
  keys?: string | undefined;
}

/** Conversations that are looked through. */
const SEARCHED = 300;
/** Conversations, and documents, that are listed. */
const LISTED = 6;

function commandEntries(): Entry[] {
  const commands = COMMANDS.filter(({ id, applies }) => id !== 'palette' && (applies?.() ?? true));
  return [
    ...commands.map(({ id, icon, title, keys, run }) => ({ key: id, icon, title: t(title), keys, run })),
    ...foundCommands(),
  ];
}

function talkEntry({ id, title }: ConversationRow): Entry {
  return {
    key: `conversation-${id}`,
    icon: MessageSquare,
    title: tameName(title),
    run: () => {
      void useChat.getState().open(id);
      useLayout.getState().show('chat');
    },
  };
}

function documentEntry(row: DocumentRow): Entry {
  return { key: `document-${row.id}`, icon: FileText, title: tameName(row.title), run: () => readDocument(row) };
}

/** How well a title fits: 0 where it begins with the words, 1 where its words do, 2 where it only holds them; `null` where not. */
export function rankOf(title: string, query: string): 0 | 1 | 2 | null {
  const lower = title.toLowerCase();
  const wanted = query.toLowerCase().trim();
  const words = wanted.split(/\s+/).filter(Boolean);
  if (!words.every((word) => lower.includes(word))) return null;
  if (lower.startsWith(wanted)) return 0;
  const starts = lower.split(/[^\p{L}\p{N}]+/u);
  return words.every((word) => starts.some((start) => start.startsWith(word))) ? 1 : 2;
}

/** What fits, the best first; of the same rank in the order given. */
function ranked(entries: readonly Entry[], query: string): { entry: Entry; rank: number }[] {
  return entries
    .flatMap((entry) => {
      const rank = rankOf(entry.title, query);
      return rank === null ? [] : [{ entry, rank }];
    })
    .sort((a, b) => a.rank - b.rank);
}

/**
 * Everything that fits a query. Documents come from the library a moment later: they stand behind what begins with the words, so that
 * the line a person is about to choose stays where it is, and before commands that only hold them.
 */
export function entriesFor(
  query: string,
  conversations: readonly ConversationRow[],
  documents: readonly DocumentRow[],
): Entry[] {
  if (query.trim() === '') return commandEntries();
  const talks = ranked(conversations.slice(0, SEARCHED).map(talkEntry), query).slice(0, LISTED);
  const found = [...ranked(commandEntries(), query), ...talks].sort((a, b) => a.rank - b.rank);
  const well = found.filter(({ rank }) => rank < 2);
  const rest = found.filter(({ rank }) => rank === 2);
  const files = ranked(documents.map(documentEntry), query).slice(0, LISTED);
  return [...well, ...files, ...rest].map(({ entry }) => entry);
}
