import {
  ArrowDown,
  ArrowUp,
  Copy,
  FileDown,
  Lightbulb,
  ListChecks,
  MessageCircleQuestion,
  Pencil,
  RotateCcw,
  Square,
  SquarePen,
  TextSearch,
  Trash2,
} from 'lucide-react';
import { withSources } from '@/features/chat/copy';
import { isAnswering, isWriting } from '@/features/chat/state';
import { useChat } from '@/features/chat/store';
import type { Turn } from '@/ipc';
import { copyText } from '@/shared/ui/copyText';
import {
  exportConversation,
  findInConversation,
  focusQuestion,
  newConversation,
  stepConversation,
  stopEverything,
} from '../actions';
import { useLayout } from '../layout';
import type { Command } from './command';

const chat = useChat.getState;
const layout = useLayout.getState;
const inConversation = (): boolean => chat().id !== null;
const hasConversations = (): boolean => (chat().conversations?.length ?? 0) > 0;
const hasTurns = (): boolean => chat().turns.length > 0;
/** The answer given last in the open conversation. */
const lastTurn = (): Turn | undefined => chat().turns.at(-1);
const hasAnswer = (): boolean => lastTurn() !== undefined && !isAnswering(chat());
const hasText = (): boolean => (lastTurn()?.answer.text ?? '') !== '';

/** Runs with the place of the last turn. */
function withLast(run: (at: number, turn: Turn) => void): void {
  const turn = lastTurn();
  if (turn) run(chat().turns.length - 1, turn);
}

/** Questions, answers and conversations. */
export const CONVERSATION: readonly Command[] = [
  { id: 'ask', title: 'command.ask', icon: MessageCircleQuestion, keys: 'Mod+L', run: focusQuestion },
  { id: 'new', title: 'command.new', icon: SquarePen, keys: 'Mod+N', run: newConversation },
  {
    id: 'next_conversation',
    title: 'command.next_conversation',
    icon: ArrowDown,
    keys: 'Mod+PageDown',
    applies: hasConversations,
    run: () => stepConversation(1),
  },
  {
    id: 'previous_conversation',
    title: 'command.previous_conversation',
    icon: ArrowUp,
    keys: 'Mod+PageUp',
    applies: hasConversations,
    run: () => stepConversation(-1),
  },
  {
    id: 'stop',
    title: 'command.stop',
    icon: Square,
    keys: 'Escape',
    applies: () => isWriting(chat()),
    run: () => void stopEverything(),
  },
  {
    id: 'find_conversation',
    title: 'chat.find',
    icon: TextSearch,
    keys: 'Mod+Shift+F',
    applies: hasTurns,
    run: findInConversation,
  },
  {
    id: 'edit',
    title: 'command.edit',
    icon: Pencil,
    applies: hasAnswer,
    run: () => withLast((at) => chat().edit(at)),
  },
  {
    id: 'regenerate',
    title: 'command.regenerate',
    icon: RotateCcw,
    applies: hasAnswer,
    run: () => withLast((at) => void chat().askAgain(at)),
  },
  {
    id: 'ask_each',
    title: 'command.ask_each',
    icon: ListChecks,
    applies: hasAnswer,
    run: () => withLast((at) => void chat().askAgain(at, true)),
  },
  {
    id: 'copy_answer',
    title: 'command.copy_answer',
    icon: Copy,
    applies: hasText,
    run: () => withLast((_, turn) => copyText(turn.answer.text)),
  },
  {
    id: 'copy_sources',
    title: 'command.copy_sources',
    icon: Copy,
    applies: hasText,
    run: () => withLast((_, turn) => copyText(withSources(turn.answer))),
  },
  {
    id: 'why',
    title: 'command.why',
    icon: Lightbulb,
    applies: hasAnswer,
    run: () => withLast((at) => chat().explain(at)),
  },
  {
    id: 'rename_conversation',
    title: 'command.rename_conversation',
    icon: Pencil,
    applies: inConversation,
    run: () => {
      layout().show('chat');
      chat().setRenaming(true);
    },
  },
  {
    id: 'delete_conversation',
    title: 'command.delete_conversation',
    icon: Trash2,
    applies: inConversation,
    run: () => {
      const { id, remove } = chat();
      if (id !== null) void remove(id);
    },
  },
  {
    id: 'export_markdown',
    title: 'chat.export_markdown',
    icon: FileDown,
    applies: inConversation,
    run: () => exportConversation('markdown'),
  },
  {
    id: 'export_html',
    title: 'chat.export_html',
    icon: FileDown,
    applies: inConversation,
    run: () => exportConversation('html'),
  },
  {
    id: 'export_evidence',
    title: 'chat.export_evidence',
    icon: FileDown,
    applies: inConversation,
    run: () => exportConversation('evidence'),
  },
];
