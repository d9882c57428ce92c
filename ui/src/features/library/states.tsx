import {
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleOff,
  Copy,
  FileClock,
  FileX,
  KeyRound,
  LoaderCircle,
  type LucideIcon,
  ScanText,
  Timer,
  TriangleAlert,
} from 'lucide-react';
import { type DocumentRow, type DocumentState, PROBLEM_STATES } from '@/ipc';

type Tone = 'green' | 'amber' | 'red' | 'grey';

interface Mark {
  icon: LucideIcon;
  tone: Tone;
}

/** Each state has a shape of its own; colour only repeats what shape and word say. */
export const STATE_MARKS: Record<DocumentState, Mark> = {
  queued: { icon: CircleDashed, tone: 'grey' },
  working: { icon: LoaderCircle, tone: 'grey' },
  ready: { icon: CircleCheck, tone: 'green' },
  duplicate: { icon: Copy, tone: 'grey' },
  empty: { icon: CircleOff, tone: 'grey' },
  needs_password: { icon: KeyRound, tone: 'amber' },
  no_text: { icon: ScanText, tone: 'amber' },
  unsupported: { icon: FileX, tone: 'amber' },
  damaged: { icon: CircleAlert, tone: 'red' },
  too_large: { icon: TriangleAlert, tone: 'amber' },
  timed_out: { icon: Timer, tone: 'red' },
  crashed: { icon: CircleAlert, tone: 'red' },
  unreadable: { icon: CircleOff, tone: 'red' },
};

/** Searchable, but the file is no longer what was read. */
export const CHANGED_MARK: Mark = { icon: FileClock, tone: 'amber' };

/** Whether any of the documents can answer. Those that were not fetched may. */
export function canAsk(rows: ReadonlyMap<number, DocumentRow>, ids: ReadonlySet<number>): boolean {
  const known = [...rows.values()].filter(({ id }) => ids.has(id));
  return known.length < ids.size || known.some(({ state }) => state === 'ready');
}

/** Whether reading some of the documents again can change anything. Of rows that were not fetched nothing is known: no harm is done. */
export function canRetry(rows: ReadonlyMap<number, DocumentRow>, ids: ReadonlySet<number>): boolean {
  const known = [...rows.values()].filter(({ id }) => ids.has(id));
  return known.length < ids.size || known.some(({ changed, state }) => changed || PROBLEM_STATES.includes(state));
}
