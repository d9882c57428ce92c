import { useSyncExternalStore } from 'react';

function read(): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
}

function subscribe(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });
  return () => observer.disconnect();
}

/** Pixels of one `rem`: what is measured in pixels by a program grows with the text too. */
export function useRootSize(): number {
  return useSyncExternalStore(subscribe, read);
}
