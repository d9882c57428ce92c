/** Elements that foreign text may never become. `svg` is allowed as an icon of our own. */
const ELEMENTS = new Set(
  'script img iframe style svg object embed link meta base form input textarea select video audio source track a area map template annotation annotation-xml noscript frame frameset portal dialog marquee'.split(
    ' ',
  ),
);
/** Attributes that run, fetch, name or place something. */
const ATTRIBUTES = /^(on.*|style|id|href|src|srcset|srcdoc|xlink:href|action|formaction|background|poster|ping|name)$/i;
const REORDERING = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/;

/**
 * What markup made by React must never hold, whatever the text in it. Reads tags as they stand: React writes `<`, `>` and quotes
 * of text and of attributes as entities, so that what looks like a tag is one. `own` are attributes that the component itself
 * sets, with the values that these may have.
 */
export function dangersIn(markup: string, own: Readonly<Record<string, RegExp>> = {}): string[] {
  const found: string[] = [];
  for (const [, name = '', attributes = ''] of markup.matchAll(/<([^\s/>!]+)([^>]*)>/g)) {
    const given = [...attributes.matchAll(/([^\s=/]+)(?:="([^"]*)")?/g)].map(
      ([, key = '', value = '']) => [key, value] as const,
    );
    const icon = name === 'svg' && given.some(([key, value]) => key === 'class' && value.startsWith('lucide'));
    if (ELEMENTS.has(name.toLowerCase()) && !icon) found.push(name);
    for (const [key, value] of given) if (ATTRIBUTES.test(key) && !own[key]?.test(value)) found.push(`${name}[${key}]`);
  }
  if (/<[!?]/.test(markup)) found.push('declaration');
  if (REORDERING.test(markup)) found.push('bidirectional control');
  return found;
}

/** A text cut at every point, the empty and the whole included. */
export function* prefixes(text: string): Generator<string> {
  for (let end = 0; end <= text.length; end++) yield text.slice(0, end);
}
