import type { AnswerTrace, Job, QuestionRequest, Undo } from '../backend';
import type {
  Answer,
  AskEvent,
  Citation,
  Conversation,
  ConversationRow,
  DocumentRow,
  ErrorReport,
  Scope,
  Source,
  Support,
  Turn,
} from '../types';
import { eachDocument, noneOf, traced, wantsEverything } from './each';
import { HOSTILE_LARGE, HOSTILE_MARKDOWN, HOSTILE_NAMES } from './hostile';
import { LEASE, report } from './library';
import { PASSAGES } from './pages';
import { wait } from './random';

const HASH = '0'.repeat(64);

function source(n: number, page: number): Source {
  const text = PASSAGES[page] ?? '';
  return {
    n,
    document_id: 1,
    document_hash: HASH,
    path: `/home/ada/Documents/Hamburg/${LEASE}`,
    title: LEASE,
    page,
    span: spanOf(page),
    heading: [`§ ${page} Termination`],
    text,
  };
}

function spanOf(page: number): { start: number; end: number } {
  // The passage stands after the heading and three filler sentences: found again by its text in `mock/pages`.
  return MOCK_SPANS.get(page) ?? { start: 0, end: 0 };
}

/** Filled by `mock/index` from the made pages. */
export const MOCK_SPANS = new Map<number, { start: number; end: number }>();

function citation(n: number, page: number, sentence: string, support: Support): Citation {
  return { ...source(n, page), source: n, quote: PASSAGES[page] ?? '', sentence: plain(sentence), support };
}

/** Without its marks, as the engine tells a sentence. */
function plain(text: string): string {
  return text.replace(/\s?\[\d+\]/g, '');
}

const SENTENCES = [
  'The tenant may end the lease early after **24 months**, with three months’ notice in writing [1].',
  'A fee of two monthly rents is due unless a suitable successor is named [2].',
  'The deposit comes back within four weeks [3].',
] as const;
const UNCITED = 'Most landlords agree to a viewing on short notice.';

function sampleAnswer(profile: string): Answer {
  return {
    mode: 'generated',
    finish: 'stop',
    text: `${SENTENCES[0]} ${SENTENCES[1]}\n\n${SENTENCES[2]} ${UNCITED}`,
    thinking:
      'The question is about ending the lease early. § 7 names the 24 months and the notice; § 9 names the fee. § 12 speaks of the deposit: six months, so I should be careful with the number.',
    citations: [
      citation(1, 7, SENTENCES[0], 'supported'),
      citation(2, 9, SENTENCES[1], 'supported'),
      citation(3, 12, SENTENCES[2], 'unsupported'),
    ],
    uncited: [{ sentence: UNCITED, support: 'unsupported' }],
    stats: {
      prompt_tokens: 1842,
      reused_tokens: 1210,
      output_tokens: 96,
      ttft_ms: 412,
      prefill_tps: 1540,
      decode_tps: 38.2,
      drafted_tokens: 40,
      accepted_tokens: 27,
      context_tokens: 32768,
      context_used: 3940,
      profile,
      finish: 'stop',
    },
  };
}

/** One source that several sentences cite, each for its own part. */
function repeatedAnswer(profile: string): Answer {
  const part = (n: number, page: number, sentence: string, quote: string): Citation => {
    const whole = citation(n, page, sentence, 'supported');
    const start = whole.span.start + whole.quote.indexOf(quote);
    return { ...whole, quote, span: { start, end: start + quote.length } };
  };
  const sentences = [
    'The lease can be ended after **24 months** [1].',
    'The fee is two monthly rents [2].',
    'Notice is given in writing, three months before [1], and only in writing [1].',
  ] as const;
  return {
    ...sampleAnswer(profile),
    text: sentences.join(' '),
    thinking: null,
    uncited: [],
    citations: [
      part(1, 7, sentences[0], 'before its end after 24 months'),
      part(2, 9, sentences[1], 'a fee of two monthly rents is due'),
      part(1, 7, sentences[2], 'with three months’ notice given in writing.'),
    ],
  };
}

const RICH = `## What the contract says

| Clause | Page | Meaning |
|:--|--:|:--|
| Notice | 7 | three months, in writing [1] |
| Fee | 9 | two monthly rents [2] |

The fee is $F = 2 \\cdot r$, and over the remaining $n$ months

$$
S = \\sum_{k=1}^{n} \\frac{r}{(1+i)^k}
$$

1. Write to the landlord.
2. Name a successor — see [the tenants’ association](https://tenants.example/advice).

\`\`\`python
def fee(rent: float) -> float:
    return 2 * rent
\`\`\`

> The dwelling is handed back swept clean.
`;

function notFound(): Answer {
  return { mode: 'not_found', finish: 'stop', text: '', thinking: null, citations: [], stats: null };
}

function extractive(): Answer {
  return {
    mode: 'extractive',
    finish: 'stop',
    text: `${PASSAGES[7]} [1]\n\n${PASSAGES[9]} [2]`,
    thinking: null,
    citations: [citation(1, 7, PASSAGES[7] ?? '', 'supported'), citation(2, 9, PASSAGES[9] ?? '', 'supported')],
    stats: null,
  };
}

export const SOURCES = [source(1, 7), source(2, 9), source(3, 12)];

/** A text as it is streamed: in pieces of six characters and what is white before, or of the size that the question names. */
function piecesOf(text: string, asked: string): string[] {
  const size = Number(/pieces of (\d+)/.exec(asked)?.[1] ?? 0);
  if (size === 0) return text.match(/\s*\S{1,6}/g) ?? [];
  return Array.from({ length: Math.ceil(text.length / size) }, (_, at) => text.slice(at * size, (at + 1) * size));
}

/** An answer that does not stream is told at once. */
function told(answer: Answer, emit: (event: AskEvent) => void): Answer {
  emit({ type: 'token', text: answer.text });
  for (const { n, source, sentence, support } of answer.citations)
    emit({ type: 'citation', n, source, sentence, support });
  return answer;
}

interface Kept {
  id: number;
  title: string;
  turns: Turn[];
  updated: number;
  scope?: Scope;
  each?: boolean;
}

function rowOf({ id, title, turns, updated }: Kept): ConversationRow {
  return { id, title, turns: turns.length, created_at_ms: updated, updated_at_ms: updated };
}

const GONE = report('conversation_not_found', 'The conversation is gone.\nStart a new one.');
const STOPPED = report('cancelled', 'Stopped.');

/** Conversations of the mock. What a question contains decides what happens to it. */
export class MockChat {
  /** Pieces that a stepped answer may still write; a question with `step` in it waits for them in its thirtieth paragraph. */
  private allowed = 0;
  private onAllowed: (() => void) | undefined;
  private conversations: Kept[] = [];
  private nextId = 1;
  /** What has failed; a question with `once` in it does so the first time only. */
  private failed = new Set<string>();

  constructor(
    private speed: number,
    private answering: () => { model: boolean; profile: string },
    private documents: () => readonly DocumentRow[],
  ) {}

  /** A conversation with so many turns, for the performance check. */
  fill(turns: number): void {
    const list: Turn[] = [];
    for (let i = 0; i < turns; i++) {
      const answer = sampleAnswer('balanced');
      list.push({
        question:
          i % 7 === 3
            ? `Question ${i + 1}: and what does the annex say about the cellar, the garden, and the bicycles that have stood in the hall since the spring?`
            : `Question ${i + 1}: when may the tenant end the lease early?`,
        standalone: null,
        recalled: [],
        written: null,
        sources: SOURCES,
        answer: i % 5 === 4 ? { ...answer, text: RICH, citations: answer.citations.slice(0, 2) } : answer,
        asked_at_ms: 1_763_900_000_000 + i * 60_000,
      });
    }
    this.conversations.unshift({
      id: this.nextId++,
      title: turns > 20 ? 'A long reading of the lease' : 'Contract review',
      turns: list,
      updated: Date.now() - 60_000,
    });
  }

  addTitles(titles: readonly string[]): void {
    titles.forEach((title, index) => {
      this.conversations.push({
        id: this.nextId++,
        title,
        turns: [],
        updated: Date.now() - (index + 0.5) * 2 * 86_400_000,
      });
    });
  }

  makeHostile(): void {
    const base = sampleAnswer('balanced');
    const turns = [...HOSTILE_MARKDOWN, ...HOSTILE_LARGE].map((text, index) => {
      const title = HOSTILE_NAMES[index % HOSTILE_NAMES.length] ?? '';
      const citations = base.citations.map((item) => ({ ...item, title, quote: text }));
      return {
        question: `Payload ${index + 1} <b>bold?</b> ${text.slice(0, 60)}`,
        standalone: null,
        recalled: [],
        written: null,
        sources: SOURCES.map((item) => ({ ...item, title })),
        answer: { ...base, text: `${text}\n\nThe end [1].`, thinking: text, citations },
        asked_at_ms: 1_763_900_000_000,
      };
    });
    this.conversations.unshift({
      id: this.nextId++,
      title: '<img src=x onerror=window.__pwned=true>',
      turns,
      updated: 1_764_000_000_000,
    });
  }

  list(search: string): ConversationRow[] {
    const words = search.toLowerCase();
    return this.conversations
      .filter(
        (item) =>
          !words ||
          item.title.toLowerCase().includes(words) ||
          item.turns.slice(0, 50).some((turn) => turn.question.toLowerCase().includes(words)),
      )
      .map(rowOf);
  }

  detail(id: number): Conversation {
    const found = this.conversations.find((item) => item.id === id);
    if (!found) throw GONE;
    const { scope = { kind: 'all' }, each = false } = found;
    return { row: rowOf(found), turns: [...found.turns], scope, each_document: each };
  }

  wantsEverything(id: number, turn: number): boolean {
    return wantsEverything(this.detail(id).turns[turn]?.question ?? '');
  }

  rename(id: number, title: string): void {
    this.conversations = this.conversations.map((item) => (item.id === id ? { ...item, title } : item));
  }

  delete(id: number): Undo {
    const at = this.conversations.findIndex((item) => item.id === id);
    if (at < 0) throw GONE;
    const gone = this.conversations.splice(at, 1);
    return async () => void this.conversations.splice(at, 0, ...gone);
  }

  ask(request: QuestionRequest, listener: (event: AskEvent) => void): Job {
    const abort = new AbortController();
    return { finished: this.run(request, listener, abort.signal), cancel: () => abort.abort() };
  }

  private async run(request: QuestionRequest, emit: (event: AskEvent) => void, signal: AbortSignal): Promise<void> {
    const { conversation: id, replace_turn: replace, question } = request;
    const conversation = id === null ? this.begin(question) : this.conversations.find((item) => item.id === id);
    if (!conversation) return emit({ type: 'failed', ...GONE });
    conversation.scope = request.scope;
    conversation.each = request.each_from_now_on;
    const asked = question.toLowerCase();
    const { model, profile } = this.answering();
    const fail = (error: ErrorReport): void => {
      // A conversation in which nothing was answered is none; what was to be replaced stays.
      if (id === null) this.conversations = this.conversations.filter((item) => item !== conversation);
      emit({ type: 'failed', ...error });
    };
    emit({
      type: 'started',
      conversation: conversation.id,
      standalone: (replace ?? conversation.turns.length) > 0 ? `${question} (lease, early termination)` : null,
    });
    emit({ type: 'stage', stage: 'searching', done: 0, total: 48_213 });
    await wait(180 * this.speed, signal);
    if (signal.aborted) return fail(STOPPED);
    const nothing = asked.includes('moon');
    const each = (request.each_document || asked.startsWith('list all')) && !asked.includes('fail');
    const ofEach = each && !nothing ? eachDocument(this.documents(), question) : null;
    const extract = nothing ? null : (ofEach?.answer ?? extractive());
    const sources = ofEach?.sources ?? SOURCES;
    emit({ type: 'sources', sources, extract });
    let answer: Answer;
    if (asked.includes('fail') && !(asked.includes('once') && this.failed.has(asked))) {
      this.failed.add(asked);
      return fail({
        code: 'worker_died',
        message: 'The model’s process stopped while writing.\nAsk again; it has been restarted.',
        detail: 'signal 6',
      });
    } else if (nothing) answer = each ? noneOf(this.documents(), notFound()) : notFound();
    else if (ofEach) answer = told(ofEach.answer, emit);
    else if (!model) answer = extractive();
    else answer = await this.write(asked, profile, emit, signal);
    // An empty answer is none.
    if (answer.finish === 'cancelled' && answer.text === '') return fail(STOPPED);
    conversation.turns.splice(replace ?? conversation.turns.length, Number.POSITIVE_INFINITY, {
      question,
      standalone: null,
      recalled: [],
      written: null,
      sources,
      answer,
      asked_at_ms: Date.now(),
    });
    conversation.updated = Date.now();
    emit({ type: 'trace', ...traced(question) });
    emit({ type: 'done', answer });
  }

  private begin(question: string): Kept {
    const made = { id: this.nextId++, title: question.slice(0, 60), turns: [], updated: Date.now() };
    this.conversations.unshift(made);
    return made;
  }

  private async write(
    asked: string,
    profile: string,
    emit: (event: AskEvent) => void,
    signal: AbortSignal,
  ): Promise<Answer> {
    for (let done = 0; done <= 1842 && !signal.aborted; done += 307) {
      emit({ type: 'stage', stage: 'reading_sources', done, total: 1842 });
      await wait(90 * this.speed, signal);
    }
    if (asked.includes('degrade'))
      emit({
        type: 'notice',
        code: 'on_cpu',
        message: 'The GPU has no memory left; the answer is written on the CPU, about eight times slower.',
      });
    const whole = asked.includes('repeat') ? repeatedAnswer(profile) : sampleAnswer(profile);
    if (asked.includes('table')) {
      whole.text = RICH;
      whole.uncited = [];
      whole.citations = whole.citations.slice(0, 2);
    }
    if (asked.includes('outdated'))
      whole.citations = whole.citations.map((item) => ({ ...item, quote: 'Words that no page holds any more.' }));
    if (asked.includes('hostile')) whole.text = [...HOSTILE_MARKDOWN, ...HOSTILE_LARGE].join('\n\n');
    if (asked.includes('long'))
      whole.text = Array.from(
        { length: Number(/long (\d+)/.exec(asked)?.[1] ?? 40) },
        (_, i) => `Paragraph ${i + 1}. ${SENTENCES[i % 2]}`,
      ).join('\n\n');
    for (const piece of whole.thinking?.match(/\S+\s*/g) ?? []) {
      if (signal.aborted) break;
      emit({ type: 'thinking', text: piece });
      await wait(8 * this.speed, signal);
    }
    let written = '';
    for (const piece of piecesOf(whole.text, asked)) {
      if (signal.aborted)
        return {
          ...whole,
          text: written,
          finish: 'cancelled',
          citations: whole.citations.filter((item) => written.includes(`[${item.n}]`)),
        };
      if (asked.includes('step') && written.includes('Paragraph 30.')) await this.step(signal);
      written += piece;
      emit({ type: 'token', text: piece });
      for (const item of whole.citations) {
        if (plain(written.slice(-400)).endsWith(item.sentence))
          emit({ type: 'citation', n: item.n, source: item.source, sentence: item.sentence, support: item.support });
      }
      if (written.endsWith(UNCITED))
        emit({ type: 'citation', n: 0, source: 0, sentence: UNCITED, support: 'unsupported' });
      await wait(14 * this.speed, signal);
    }
    if (asked.includes('killed')) {
      emit({
        type: 'notice',
        code: 'answer_interrupted',
        message: 'The answer was cut off.\nThe language model stopped: it was killed from outside. Try again.',
      });
      return { ...whole, text: written.trimStart(), finish: 'interrupted', stats: null };
    }
    return { ...whole, text: written.trimStart() };
  }

  /** Lets a stepped answer go on by so many pieces. */
  go(pieces: number): void {
    this.allowed += pieces;
    this.onAllowed?.();
  }

  private async step(signal: AbortSignal): Promise<void> {
    while (this.allowed <= 0 && !signal.aborted)
      await new Promise<void>((resolve) => {
        this.onAllowed = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    this.allowed -= 1;
  }

  trace(): AnswerTrace {
    const passages = SOURCES.map((item, index) => ({
      document_id: 1,
      title: item.title,
      page: item.page,
      span: item.span,
      text: item.text,
      vector_rank: index + 1,
      keyword_rank: [2, 1, null][index] ?? null,
      cosine: 0.71 - index * 0.08,
      bm25: [11.2, 13.9, null][index] ?? null,
      score: 0.94 - index * 0.17,
      dropped: null,
    }));
    const left = [4, 5, 6].map((page, index) => ({
      document_id: 1,
      title: LEASE,
      page,
      span: { start: 0, end: 40 },
      text: '',
      vector_rank: index + 4,
      keyword_rank: null,
      cosine: 0.41 - index * 0.03,
      bm25: null,
      score: 0.31 - index * 0.04,
      dropped: index === 0 ? 'near_duplicate' : 'over_budget',
    }));
    return {
      query: 'when may the tenant end the lease early',
      mode: 'hybrid',
      exact: false,
      wants_everything: false,
      vector_weight: 0.4,
      coverage: 0.83,
      best_cosine: 0.71,
      passages: [...passages, ...left],
      packed_tokens: 612,
      budget_tokens: 2048,
      timings: [
        { name: 'embed', ms: 14 },
        { name: 'search', ms: 12 },
        { name: 'shown', ms: 31 },
        { name: 'total', ms: 2972 },
      ],
    };
  }
}
