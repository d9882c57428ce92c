import { describe, expect, it } from 'vitest';
import type { AskEvent, Source, Turn } from '@/ipc';
import { advance, begin, citationsSoFar, uncitedOf } from './running';

const source = (n: number): Source => ({
  n,
  document_id: n,
  document_hash: '',
  path: '',
  title: `D${n}`,
  page: n,
  span: { start: 0, end: 1 },
  heading: [],
  text: `text ${n}`,
});

function after(...events: AskEvent[]) {
  return events.reduce((running, event, index) => advance(running, event, index * 100), begin('q', 0));
}

describe('an answer on its way', () => {
  it('gathers text, thinking and its duration', () => {
    const running = after(
      { type: 'thinking', text: 'a' },
      { type: 'thinking', text: 'b' },
      { type: 'token', text: 'x' },
      { type: 'token', text: 'y' },
    );
    expect([running.thinking, running.text, running.thinkingMs]).toEqual(['ab', 'xy', 200]);
  });

  it('begins again where what was written turns out to be thoughts', () => {
    const running = after(
      { type: 'sources', sources: [source(1)], extract: null },
      { type: 'token', text: 'Hm [1]. ' },
      { type: 'citation', n: 1, source: 1, sentence: 'Hm.', support: 'weak' },
      { type: 'were_thoughts' },
      { type: 'thinking', text: 'So.' },
      { type: 'token', text: 'It is.' },
    );
    expect([running.thinking, running.text, running.thinkingMs]).toEqual(['Hm [1]. So.', 'It is.', 400]);
    expect(citationsSoFar(running)).toEqual([]);
  });

  it('makes chips from the sources while the whole answer is not there', () => {
    const running = after(
      { type: 'sources', sources: [source(1), source(5)], extract: null },
      { type: 'citation', n: 1, source: 5, sentence: 's', support: 'supported' },
      { type: 'citation', n: 0, source: 0, sentence: 'none', support: 'unsupported' },
      { type: 'citation', n: 2, source: 9, sentence: 'unknown', support: 'supported' },
    );
    expect(citationsSoFar(running).map(({ n, title, sentence }) => [n, title, sentence])).toEqual([
      [1, 'D5', 's'],
      [1, 'D5', ''],
    ]);
  });

  it('keeps what was written when it fails', () => {
    const running = after(
      { type: 'token', text: 'half' },
      { type: 'failed', code: 'worker_lost', message: 'm', detail: null },
    );
    expect([running.text, running.error?.code]).toEqual(['half', 'worker_lost']);
  });

  it('marks only what the answer itself says is without a source', () => {
    const answer = {
      mode: 'generated',
      finish: 'stop',
      text: 'A. B.',
      thinking: null,
      citations: [],
      stats: null,
    } as const;
    const turn = (uncited?: Turn['answer']['uncited']): Turn => ({
      question: 'q',
      standalone: null,
      sources: [],
      answer: { ...answer, citations: [], ...(uncited && { uncited }) },
      asked_at_ms: 0,
    });
    expect(uncitedOf(turn())).toEqual([]);
    expect(uncitedOf(turn([{ sentence: 'A.', support: 'weak' }]))).toEqual([
      { n: 0, source: 0, sentence: 'A.', support: 'weak' },
    ]);
  });
});
