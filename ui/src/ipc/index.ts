import type { Backend } from './backend';

export type * from './backend';
// Where the window has a form of its own, it stands for the engine's.
export type { AnswerTrace, Backend, LibrarySummary } from './backend';
export { reportOf } from './error';
export { totalOf } from './plan';
export type * from './types';
export { DOCUMENT_STATES, PROBLEM_STATES } from './types';

declare const __MOCK__: boolean;

let current: Backend | null = null;

/** Connects the window to the engine, or to the mock in the bundle made for browsers and tests. */
export async function connect(): Promise<Backend> {
  if (__MOCK__) {
    const { createMock, optionsFrom } = await import('./mock/index');
    current = createMock(optionsFrom(window.location.search));
  } else {
    const { createTauriBackend } = await import('./tauri');
    current = createTauriBackend();
  }
  return current;
}

/** Puts a backend in place, for component tests. */
export function setBackend(replacement: Backend): void {
  current = replacement;
}

/** The backend. */
export function backend(): Backend {
  if (!current) throw new Error('BUG: the backend is used before it is connected');
  return current;
}
