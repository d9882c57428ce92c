import type { ErrorReport } from './types';

/** Whatever was thrown, as a report a person can read. */
export function reportOf(thrown: unknown): ErrorReport {
  if (typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'message' in thrown) {
    const { code, message } = thrown;
    const detail = 'detail' in thrown && typeof thrown.detail === 'string' ? thrown.detail : null;
    return { code: String(code), message: String(message), detail };
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: 'internal', message, detail: thrown instanceof Error ? (thrown.stack ?? null) : null };
}
