import { type ReactNode, useEffect, useState } from 'react';
import { tame } from '../text/tame';
import { typeset } from './mathml';

const done = new Map<string, ReactNode>();

/** A formula as MathML; its source until it is typeset, and for good when it cannot be. */
export function Formula({ source, display }: { source: string; display: boolean }) {
  const key = `${display}${source}`;
  const [, setReady] = useState(0);
  useEffect(() => {
    if (done.has(key)) return;
    let live = true;
    void typeset(source, display).then((node) => {
      if (done.size > 500) done.clear();
      done.set(key, node);
      if (live) setReady((count) => count + 1);
    });
    return () => {
      live = false;
    };
  }, [key, source, display]);
  const node = done.get(key);
  if (display) return <div className="formula">{node ?? <code>{tame(source)}</code>}</div>;
  return <span className="formula-inline">{node ?? <code>{tame(source)}</code>}</span>;
}
