import type { ErrorReport, ExportFormat, Scope, Turn } from '@/ipc';
import type { ConversationList } from './list';
import type { Running } from './running';

/** What is shown of conversations, and what can be done with them. */
export interface ChatState extends ConversationList {
  /** The open conversation; `null` is a new one. */
  id: number | null;
  title: string;
  turns: Turn[];
  loading: boolean;
  error: ErrorReport | null;
  /** The answer being written in the open conversation. */
  running: Running | null;
  /** Where an answer is still written while another conversation is open. */
  elsewhere: { id: number | null; title: string } | null;
  scope: Scope;
  /** Each of those documents is asked by itself, until that is switched off. */
  each: boolean;
  /** The turn that a few passages answer though its question asks for everything there is, where it is the last one. */
  few: Turn | null;
  draft: string;
  /** A turn being rewritten, to be replaced when sent. */
  editing: number | null;
  suggestions: string[];
  /** The answer that is explained. */
  why: { conversation: number; turn: number } | null;
  /** Where the title of the open conversation is being changed. */
  renaming: boolean;
  open: (id: number) => Promise<void>;
  startNew: (scope?: Scope) => void;
  setDraft: (draft: string) => void;
  setScope: (scope: Scope) => void;
  setEach: (each: boolean) => void;
  /** Asks; what is being written stays. */
  ask: (question: string, replace?: number | null, each?: boolean) => Promise<void>;
  /** Asks the question of a turn again, as the conversation asks now, or each document by itself. */
  askAgain: (turn: number, each?: boolean) => Promise<void>;
  /** Asks what was written, in the place of the turn that it changes where it does. */
  send: () => Promise<void>;
  /** Changes the question of a turn; what was being written waits until that is done. */
  edit: (turn: number) => void;
  /** The earlier question stays as it was. */
  cancelEdit: () => void;
  stop: () => void;
  rename: (id: number, title: string) => Promise<void>;
  remove: (id: number) => Promise<void>;
  exportTo: (id: number, format: ExportFormat) => Promise<void>;
  suggest: () => Promise<void>;
  explain: (turn: number | null) => void;
  setRenaming: (renaming: boolean) => void;
}

/** What the next question of a conversation asks. */
export type Asks = Pick<ChatState, 'scope' | 'each'>;

export const ALL: Scope = { kind: 'all' };
export const ASKS_ALL: Asks = { scope: ALL, each: false };

/** Of a conversation that is not there yet. */
export const NOTHING: Pick<
  ChatState,
  'turns' | 'few' | 'loading' | 'error' | 'running' | 'editing' | 'why' | 'renaming'
> = {
  turns: [],
  few: null,
  loading: false,
  error: null,
  running: null,
  editing: null,
  why: null,
  renaming: false,
};

/** Whether an answer is being written in the open conversation. */
export function isWriting({ running }: Pick<ChatState, 'running'>): boolean {
  return running !== null && running.error === null;
}

/** The same, or in another. */
export function isAnswering(state: Pick<ChatState, 'running' | 'elsewhere'>): boolean {
  return state.elsewhere !== null || isWriting(state);
}

/** Whether the open conversation was read: a question to one that was not would be shown, and numbered, without those before it. */
export function isRead({ loading, error }: Pick<ChatState, 'loading' | 'error'>): boolean {
  return !loading && error === null;
}

/** Whether there is more than one document to be asked. */
export function asksSeveral(scope: Scope): boolean {
  return scope.kind !== 'documents' || scope.ids.length > 1;
}
