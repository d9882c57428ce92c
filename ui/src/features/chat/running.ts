import type { Answer, AskEvent, CheckedSentence, Citation, ErrorReport, Notice, Source, Turn } from '@/ipc';

/** An answer on its way. */
export interface Running {
  question: string;
  /** The turn that it is to take the place of, with what follows it; `null` where it comes after all. */
  replace: number | null;
  /** Each document is asked by itself. */
  each: boolean;
  startedAt: number;
  stage: { name: string; done: number; total: number } | null;
  standalone: string | null;
  sources: Source[];
  /** The best sentences of the documents, shown until the model's own words arrive. */
  extract: Answer | null;
  thinking: string;
  thinkingSince: number | null;
  thinkingMs: number | null;
  text: string;
  textSince: number | null;
  checked: CheckedSentence[];
  notices: Notice[];
  error: ErrorReport | null;
  answer: Answer | null;
  /** The question asks for everything there is. */
  wantsEverything: boolean;
}

export function begin(question: string, now: number, replace: number | null = null, each = false): Running {
  return {
    question,
    replace,
    each,
    startedAt: now,
    stage: null,
    standalone: null,
    sources: [],
    extract: null,
    thinking: '',
    thinkingSince: null,
    thinkingMs: null,
    text: '',
    textSince: null,
    checked: [],
    notices: [],
    error: null,
    answer: null,
    wantsEverything: false,
  };
}

/** The answer after one more event. Pure: time is passed in. */
export function advance(running: Running, event: AskEvent, now: number): Running {
  switch (event.type) {
    case 'started':
      return { ...running, standalone: event.standalone };
    case 'stage':
      return { ...running, stage: { name: event.stage, done: event.done, total: event.total } };
    case 'sources':
      return { ...running, sources: event.sources, extract: event.extract };
    case 'thinking':
      return { ...running, thinking: running.thinking + event.text, thinkingSince: running.thinkingSince ?? now };
    case 'token':
      return {
        ...running,
        text: running.text + event.text,
        textSince: running.textSince ?? now,
        thinkingMs: running.thinkingMs ?? (running.thinkingSince === null ? null : now - running.thinkingSince),
      };
    case 'were_thoughts':
      return {
        ...running,
        thinking: running.thinking + running.text,
        thinkingSince: running.thinkingSince ?? running.textSince,
        thinkingMs: null,
        text: '',
        textSince: null,
        checked: [],
      };
    case 'citation':
      return {
        ...running,
        checked: [
          ...running.checked,
          { n: event.n, source: event.source, sentence: event.sentence, support: event.support },
        ],
      };
    case 'notice':
      return { ...running, notices: [...running.notices, { code: event.code, message: event.message }] };
    case 'trace':
      return { ...running, wantsEverything: event.wants_everything };
    case 'done':
      return { ...running, answer: event.answer, stage: null };
    case 'failed':
      return { ...running, error: { code: event.code, message: event.message, detail: event.detail }, stage: null };
  }
}

/** The turn that a finished answer makes. */
export function turnOf({ question, standalone, sources }: Running, answer: Answer, at_ms: number): Turn {
  return { question, standalone, recalled: [], written: null, sources, answer, asked_at_ms: at_ms };
}

/** The question that was stopped before a word was written: kept nowhere else. Empty where there is none, and where an earlier one stays. */
export function stoppedQuestion(running: Running | null): string {
  return running?.error?.code === 'cancelled' && running.replace === null ? running.question : '';
}

/** An answer that rests on the passages that fit best: where everything was asked for, other documents may say more. */
export function restsOnFew({ mode, coverage }: Answer): boolean {
  return mode !== 'not_found' && mode !== 'listed' && !coverage;
}

/**
 * Chips need citations while the answer is still written: made from the sources, until the whole answer brings its own. After
 * those of finished sentences stands one a number for the sentence that is still being written.
 */
export function citationsSoFar({ checked, sources }: Pick<Running, 'checked' | 'sources'>): Citation[] {
  const found: Citation[] = [];
  const open = new Map<number, Citation>();
  for (const sentence of checked) {
    const citation = citationOf(sentence, sources);
    if (!citation) continue;
    found.push(citation);
    if (!open.has(citation.n)) open.set(citation.n, { ...citation, sentence: '', support: 'supported' });
  }
  return [...found, ...open.values()];
}

// The same sentence gives the same citation, so that what was drawn with it is not drawn again when another is checked.
const cited = new WeakMap<CheckedSentence, Citation>();

function citationOf(checked: CheckedSentence, sources: readonly Source[]): Citation | null {
  const known = cited.get(checked);
  if (known) return known;
  const { n, sentence, support, source } = checked;
  const behind = n > 0 && sources.find((candidate) => candidate.n === source);
  if (!behind) return null;
  const citation = { ...behind, n, source: behind.n, quote: behind.text, sentence, support };
  cited.set(checked, citation);
  return citation;
}

/** What was told while an answer was written and is not saved with it. */
interface Told {
  /** What was degraded. */
  notices: readonly Notice[];
  thinkingMs: number | null;
}

// Kept while the window is open.
const told = new WeakMap<Turn, Told>();
const NOTHING: Told = { notices: [], thinkingMs: null };

export function keepTold(turn: Turn, { notices, thinkingMs }: Running): void {
  told.set(turn, { notices, thinkingMs });
}

export function toldOf(turn: Turn): Told {
  return told.get(turn) ?? NOTHING;
}

const uncited = new WeakMap<Turn, readonly CheckedSentence[]>();

/** Sentences of a finished answer that state something and name no source. */
export function uncitedOf(turn: Turn): readonly CheckedSentence[] {
  let sentences = uncited.get(turn);
  if (!sentences) {
    sentences = (turn.answer.uncited ?? []).map((sentence) => ({ n: 0, source: 0, ...sentence }));
    uncited.set(turn, sentences);
  }
  return sentences;
}
