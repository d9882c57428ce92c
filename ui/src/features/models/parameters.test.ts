import { expect, it } from 'vitest';
import type { Profile } from '@/ipc';
import { parametersOf } from './parameters';

const balanced: Profile = {
  name: 'balanced',
  summary: '',
  weights: 'q4_k_m',
  attention: { kind: 'flash', kv: 'f16' },
  context_tokens: 8192,
  n_batch: 2048,
  n_ubatch: 512,
  offload: { kind: 'auto' },
  threads: 0,
  graph_capture: true,
  speculation: true,
  builtin: true,
};

it('says what runs in place of what a profile asks for', () => {
  const parameters = parametersOf(balanced, { attention: { kind: 'plain' }, n_ubatch: 64 });
  const here = Object.fromEntries(parameters.filter(({ here }) => here).map(({ key, here }) => [key, here]));
  expect(here).toEqual({ attention: 'plain, F16 cache', batch: '2,048 / 64' });
});

it('says once what runs as it is asked for', () => {
  expect(parametersOf(balanced).every(({ here }) => here === null)).toBe(true);
});
