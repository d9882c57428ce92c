// Where the system writes paths with backslashes, a slash parts them too; elsewhere a backslash is a letter like any other.
function lastSeparator(path: string): number {
  return path.startsWith('/') ? path.lastIndexOf('/') : Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'));
}

/** The file's own name. */
export function fileName(path: string): string {
  return path.slice(lastSeparator(path) + 1);
}

/** The folder that the file lies in. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, lastSeparator(path)));
}
