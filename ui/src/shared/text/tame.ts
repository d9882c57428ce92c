// Text from documents, file names and models is shown as data: it may not reorder what stands around it.

const BIDI_CONTROLS = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROLS = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/gu;

/** Running text without controls that reorder or hide; letters of right-to-left scripts stay and order themselves. */
export function tame(text: string): string {
  return text.replace(BIDI_CONTROLS, '').replace(CONTROLS, '');
}

/** A file's name or a title on one line; what could mislead is made visible. */
export function tameName(text: string): string {
  return text
    .replace(BIDI_CONTROLS, '\uFFFD')
    .replace(/[\n\t]/g, ' ')
    .replace(CONTROLS, '\uFFFD');
}
