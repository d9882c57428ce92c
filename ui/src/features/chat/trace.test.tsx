import { render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import type { AnswerTrace } from '@/ipc';
import { TraceView } from './TraceView';

const trace: AnswerTrace = {
  query: 'When does it end?',
  mode: 'hybrid',
  exact: false,
  wants_everything: false,
  vector_weight: 0.6,
  coverage: 1,
  best_cosine: 0.8,
  packed_tokens: 40,
  budget_tokens: 3000,
  passages: [
    {
      document_id: 1,
      title: 'Lease',
      page: 2,
      span: null,
      text: 'After 24 months.',
      vector_rank: 1,
      keyword_rank: 1,
      cosine: 0.8,
      bm25: 3,
      score: 1.6,
      dropped: null,
    },
  ],
  timings: [],
};

it.each([
  [{ written: true, each: false }, 'Given to the model'],
  [{ written: false, each: false }, 'Considered for the answer'],
  [{ written: false, each: true }, 'Quoted'],
])('passages are said to be given to a model only where one wrote the answer (%o)', (by, title) => {
  render(<TraceView trace={trace} {...by} onOpen={() => undefined} />);
  expect(screen.getByRole('heading', { name: title })).toBeTruthy();
});
