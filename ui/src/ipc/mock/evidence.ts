import type { EvidenceEvent, Job } from '../backend';
import type { Checked, CheckedEvidence, CitedPassage, Verdict } from '../types';
import { wait } from './random';

const LEASE = '/home/ada/Documents/Lease.pdf';

function cited(n: number, page: number, quote: string, path = LEASE): CitedPassage {
  return {
    n,
    sentence: quote,
    support: 'supported',
    quote,
    title: path.split('/').at(-1) ?? path,
    path,
    hash: '9f'.repeat(32),
    page,
    span: { start: 0, end: quote.length },
  };
}

function looked(passage: CitedPassage, verdict: Verdict, found: string | null = passage.path): Checked {
  return { turn: 1, passage, verdict, found, found_page: verdict === 'changed' ? passage.page + 1 : null, error: null };
}

/** Evidence of one answer; the manual is found once a folder is named. */
export function mockEvidence(folder: string | null): CheckedEvidence {
  const passages = [
    cited(1, 7, 'The tenant may end the lease after twenty-four months with three months’ notice in writing.'),
    cited(2, 9, 'A fee of two monthly rents is due on early termination, unless a successor is found.'),
    cited(3, 2, 'Empty the boiler before the first frost.', '/home/ada/Documents/Boiler manual.pdf'),
  ];
  const [lease, fee, boiler] = passages as [CitedPassage, CitedPassage, CitedPassage];
  return {
    evidence: {
      docmind_evidence: 1,
      title: 'Contract review',
      turns: [
        {
          question: 'When may the tenant end the lease early?',
          answer: 'After 24 months, with three months’ notice [1]. A fee is due [2]. Empty the boiler [3].',
          mode: 'generated',
          asked_at_ms: 1_763_900_000_000,
          citations: passages,
        },
        { question: 'And the cat?', answer: '', mode: 'not_found', asked_at_ms: 1_763_900_100_000, citations: [] },
      ],
    },
    checked: [
      looked(lease, 'proven'),
      looked(fee, 'changed'),
      folder === null ? looked(boiler, 'missing', null) : looked(boiler, 'proven', `${folder}/Boiler manual.pdf`),
    ],
  };
}

export function checkEvidence(folder: string | null, speed: number, emit: (event: EvidenceEvent) => void): Job {
  const abort = new AbortController();
  const run = async (): Promise<void> => {
    for (let done = 0; done <= 2; done++) {
      await wait(200 * speed, abort.signal);
      if (abort.signal.aborted)
        return emit({ type: 'failed', error: { code: 'cancelled', message: 'Stopped.', detail: null } });
      emit({ type: 'progress', done, total: 2 });
    }
    emit({ type: 'done', result: mockEvidence(folder) });
  };
  return { finished: run(), cancel: () => abort.abort() };
}
