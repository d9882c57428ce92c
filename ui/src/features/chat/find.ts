import { create } from 'zustand';
import type { Turn } from '@/ipc';
import { FIND_FROM } from '@/shared/ui/FindField';
import { useChat } from './store';

/** A place in the conversation: the turn, and which of the places in it. */
export interface Hit {
  turn: number;
  nth: number;
}

// What is not read as text: emphasis, code marks and the numbers of sources.
const MARKS = /\*\*|__|~~|`|\s?\[\d{1,4}\]/g;
const plain = new WeakMap<Turn, string>();

/** A turn in small letters, about as it is read. Where nothing was found the window says so in its own words. */
function wordsOf(turn: Turn): string {
  let words = plain.get(turn);
  if (words === undefined) {
    const { mode, text } = turn.answer;
    words = `${turn.question}\n${mode === 'not_found' ? '' : text.replace(MARKS, '')}`.toLowerCase();
    plain.set(turn, words);
  }
  return words;
}

/** Where a text begins in another; places do not overlap. */
export function placesOf(text: string, wanted: string): number[] {
  const found: number[] = [];
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) found.push(at);
  return found;
}

/** Every place of a conversation that holds the words, in their order. */
export function hitsIn(turns: readonly Turn[], query: string): Hit[] {
  const wanted = query.trim().toLowerCase();
  if (wanted.length < FIND_FROM) return [];
  return turns.flatMap((turn, index) => placesOf(wordsOf(turn), wanted).map((_, nth) => ({ turn: index, nth })));
}

/** The first place in what was said last: a conversation is read from its end. */
function latestOf(hits: readonly Hit[]): number {
  const last = hits.at(-1)?.turn;
  return Math.max(
    0,
    hits.findIndex((hit) => hit.turn === last),
  );
}

interface FindState {
  open: boolean;
  query: string;
  hits: readonly Hit[];
  at: number;
  setOpen: (open: boolean) => void;
  search: (query: string) => void;
  step: (by: 1 | -1) => void;
}

/** The search in the open conversation. */
export const useFind = create<FindState>((set, get) => ({
  open: false,
  query: '',
  hits: [],
  at: 0,
  setOpen: (open) => set(open ? { open } : { open, query: '', hits: [], at: 0 }),
  search: (query) => {
    const hits = hitsIn(useChat.getState().turns, query);
    set({ query, hits, at: latestOf(hits) });
  },
  step: (by) => {
    const { hits, at } = get();
    if (hits.length > 0) set({ at: (at + by + hits.length) % hits.length });
  },
}));

/** The places after the conversation has grown. Those that are still there are the same, so that who stands at one stays. */
function grown({ hits: before, query, at }: FindState, turns: readonly Turn[]): Pick<FindState, 'hits' | 'at'> {
  const known = new Map(before.map((hit) => [`${hit.turn}.${hit.nth}`, hit]));
  const hits = hitsIn(turns, query).map((hit) => known.get(`${hit.turn}.${hit.nth}`) ?? hit);
  const here = before[at];
  const stays = here ? hits.indexOf(here) : -1;
  return { hits, at: stays < 0 ? latestOf(hits) : stays };
}

// Another conversation ends the search; more turns are searched too.
useChat.subscribe(({ id, turns }, before) => {
  const find = useFind.getState();
  if (!find.open) return;
  if (id !== before.id) find.setOpen(false);
  else if (turns !== before.turns) useFind.setState(grown(find, turns));
});
