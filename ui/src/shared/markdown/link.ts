const ALLOWED = new Set(['http:', 'https:', 'mailto:']);

/** Where a link really leads. */
export interface Target {
  /** Normalised by the platform's own parser: hosts in ASCII, so that look-alike letters show. */
  href: string;
  /** Host, or the mail address: what a person checks. */
  place: string;
}

/** The target of a link written by a model, or `null` when it is not one that may be opened. */
export function targetOf(url: string): Target | null {
  const trimmed = url.trim();
  if (!/^(https?:\/\/|mailto:)/i.test(trimmed)) return null;
  let parsed: URL;
  try {
    parsed = new URL(trimmed);
  } catch {
    return null;
  }
  if (!ALLOWED.has(parsed.protocol)) return null;
  if (parsed.username || parsed.password) return null;
  const place = parsed.protocol === 'mailto:' ? parsed.pathname : parsed.host;
  return place ? { href: parsed.href, place } : null;
}
