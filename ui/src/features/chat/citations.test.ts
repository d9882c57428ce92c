import { describe, expect, it } from 'vitest';
import type { Citation, Support } from '@/ipc';
import { byNumber, citationAt, places, sourcesOf } from './citations';

const cite = (n: number, sentence: string, start: number, support: Support = 'supported'): Citation => ({
  n,
  source: n,
  document_id: n,
  document_hash: '',
  path: '',
  title: `D${n}`,
  page: 1,
  span: { start, end: start + 5 },
  quote: `quote ${start}`,
  sentence,
  support,
});

const ANSWER = [
  cite(1, 'The lease can be ended after **24 months**.', 0),
  cite(2, 'The fee is two monthly rents.', 10),
  cite(1, 'Notice is given in writing, three months before, and only in writing.', 20),
  cite(1, 'Yes.', 30, 'unsupported'),
];

describe('the citation behind a mark', () => {
  const at = (n: number, before: string) => citationAt(byNumber(ANSWER), n, before)?.span.start;

  it('is the one of the sentence that the mark stands in', () => {
    expect(at(1, 'The lease can be ended after 24 months')).toBe(0);
    expect(at(2, 'The lease can be ended after 24 months. The fee is two monthly rents')).toBe(10);
    expect(at(1, 'two monthly rents. Notice is given in writing, three months before')).toBe(20);
    expect(at(1, 'three months before, and only in writing')).toBe(20);
    expect(at(1, 'and only in writing. Yes')).toBe(30);
  });

  it('is the first where no sentence fits, and none where the number is not known', () => {
    expect(at(1, 'something else')).toBe(0);
    expect(at(7, 'something else')).toBeUndefined();
  });

  it('is the open one while its sentence is being written', () => {
    const running = [cite(1, 'A finished sentence of the answer.', 0, 'unsupported'), cite(1, '', 0)];
    expect(citationAt(byNumber(running), 1, 'A finished sentence of the answer')?.support).toBe('unsupported');
    expect(citationAt(byNumber(running), 1, 'answer. Another one that is not yet')?.support).toBe('supported');
  });
});

describe('the sources of an answer', () => {
  it('are one line a number, doubtful only where every sentence is', () => {
    expect(sourcesOf(ANSWER).map(({ n, quotes, support }) => [n, quotes.length, support])).toEqual([
      [1, 3, 'supported'],
      [2, 1, 'supported'],
    ]);
  });

  it('open every place once, in the order of the text', () => {
    const twice = [...ANSWER, cite(1, 'Again.', 20)];
    expect(places(twice).map((each) => each.span.start)).toEqual([0, 10, 20, 30]);
  });
});
