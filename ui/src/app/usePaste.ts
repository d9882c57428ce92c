import { useEffect } from 'react';
import { useLibrary } from '@/features/library/store';
import { isTyping } from './keyboard';

/** Paths in a text from a file manager: one a line, plain or as `file:` addresses. Anything else among them, and it is a text. */
export function pathsIn(text: string): string[] {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    // File managers put what is to be done with the files before them.
    .filter((line) => line !== '' && line !== 'copy' && line !== 'cut' && !line.startsWith('#'));
  const paths = lines.map(pathOf);
  return paths.every((path) => path !== null) ? paths : [];
}

function pathOf(line: string): string | null {
  if (/^(\/|[A-Za-z]:[\\/])/.test(line)) return line;
  if (!line.startsWith('file:///')) return null;
  try {
    const path = decodeURIComponent(line.slice('file://'.length));
    // Windows: a drive after the slash.
    return /^\/[A-Za-z]:/.test(path) ? path.slice(1) : path;
  } catch {
    return null;
  }
}

/** Files copied in a file manager, or a path, pasted anywhere but into a text: they are added. */
export function usePaste(): void {
  useEffect(() => {
    const paste = (event: ClipboardEvent): void => {
      if (isTyping(event.target) || !event.clipboardData) return;
      const [list, text] = ['text/uri-list', 'text/plain'].map((type) => event.clipboardData?.getData(type) ?? '');
      const paths = pathsIn(list || text || '');
      if (paths.length > 0) void useLibrary.getState().add(paths);
    };
    window.addEventListener('paste', paste);
    return () => window.removeEventListener('paste', paste);
  }, []);
}
