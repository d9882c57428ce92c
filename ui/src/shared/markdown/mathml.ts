import { createElement, type ReactNode } from 'react';

// What MathML may consist of here: presentation elements and attributes that carry neither address, script, style nor identity.
const ELEMENTS = new Set(
  'math mrow mi mo mn ms mtext mspace msup msub msubsup mfrac msqrt mroot munder mover munderover mtable mtr mtd mpadded mphantom mstyle menclose merror mmultiscripts mprescripts none'.split(
    ' ',
  ),
);
const ATTRIBUTES = new Set(
  'display mathvariant stretchy fence separator lspace rspace minsize maxsize linethickness accent accentunder columnalign rowspacing columnspacing displaystyle scriptlevel movablelimits largeop symmetric notation'.split(
    ' ',
  ),
);
/** Longest source that is typeset; what is longer is shown as it was written. */
const MAX_SOURCE = 2000;

function convert(element: Element, key: number, depth: number): ReactNode {
  const name = element.localName;
  if (name === 'semantics') return element.firstElementChild ? convert(element.firstElementChild, key, depth) : null;
  if (!ELEMENTS.has(name) || depth > 60) return null;
  const properties: Record<string, string | number> = { key };
  for (const { name: attribute, value } of element.attributes) {
    if (ATTRIBUTES.has(attribute)) properties[attribute] = value;
  }
  const children = [...element.childNodes].map((child, index) =>
    child.nodeType === 1 ? convert(child as Element, index, depth + 1) : child.textContent,
  );
  return createElement(name, properties, ...children);
}

/** Typesets a formula as MathML elements, or `null` when it cannot be. KaTeX is loaded with the first formula. */
export async function typeset(source: string, display: boolean): Promise<ReactNode> {
  if (source.length > MAX_SOURCE) return null;
  const { default: katex } = await import('katex');
  try {
    const markup = katex.renderToString(source, {
      output: 'mathml',
      displayMode: display,
      throwOnError: true,
      trust: false,
      strict: false,
      maxExpand: 200,
      maxSize: 20,
    });
    const math = new DOMParser().parseFromString(markup, 'text/html').querySelector('math');
    return math ? convert(math, 0, 0) : null;
  } catch {
    return null;
  }
}
