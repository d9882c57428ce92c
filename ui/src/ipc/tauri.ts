import type { Backend } from './backend';

export function createTauriBackend(): Backend {
  throw new Error('not yet');
}
