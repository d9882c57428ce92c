import type { ReactNode } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { CitationList } from '@/features/chat/CitationList';
import { withSources } from '@/features/chat/copy';
import { NotFound } from '@/features/chat/NotFound';
import { Thinking } from '@/features/chat/Thinking';
import { DocumentLine } from '@/features/library/DocumentLine';
import type { Answer, Citation, DocumentRow, Source } from '@/ipc';
import { HOSTILE_LARGE, HOSTILE_MARKDOWN, HOSTILE_NAMES } from '@/ipc/mock/hostile';
import { dangersIn, prefixes } from '@/shared/testing/dangers';
import { tame, tameName } from '@/shared/text/tame';
import { ErrorText } from '@/shared/ui/states';

const PAYLOADS = [...HOSTILE_NAMES, ...HOSTILE_MARKDOWN];
/** What the row of the table sets itself: its place and its own number. */
const OF_A_ROW = { style: /^transform:translateY\(0px\)$/, id: /^document-1$/ };

const span = { start: 0, end: 1 };
const source = (name: string): Source => ({
  n: 1,
  document_id: 1,
  document_hash: '',
  path: name,
  title: name,
  page: 1,
  span,
  heading: [name],
  text: name,
});
const citation = (name: string): Citation => ({
  ...source(name),
  source: 1,
  quote: name,
  sentence: name,
  support: 'weak',
});
const row = (name: string): DocumentRow => ({
  id: 1,
  path: `/home/ada/${name}/${name}`,
  title: name,
  media_type: '',
  drawable: false,
  state: 'damaged',
  error: { code: 'damaged', message: `\`${name}\` is cut off.\nCopy \`${name}\` again.`, detail: name },
  pages: 0,
  failed_pages: [],
  chunks: 0,
  size_bytes: 0,
  language: null,
  added_at_ms: 0,
  changed: false,
});

/** Every place of the window that shows a name of a file, a title, a passage or words about one, without a renderer of its own. */
function places(name: string): ReactNode {
  const none = (): undefined => undefined;
  return (
    <>
      <DocumentLine
        row={row(name)}
        index={0}
        top={0}
        selected={false}
        focused={false}
        working={undefined}
        onPress={none}
        onOpen={none}
        menu={none}
      />
      <CitationList citations={[citation(name)]} onOpen={none} />
      <NotFound coverage={undefined} busy={false} sources={[source(name)]} onOpenSource={none} />
      <Thinking text={name} ms={null} running={false} />
      <ErrorText error={{ code: '', message: `\`${name}\`\n${name}`, detail: name }} />
    </>
  );
}

describe('foreign names and titles', () => {
  it.each(PAYLOADS.map((text, index) => [index, text] as const))('%i: harmless wherever they are cut', (_, text) => {
    for (const name of prefixes(text)) {
      const found = dangersIn(renderToStaticMarkup(places(name)), OF_A_ROW);
      if (found.length > 0) expect.fail(`${JSON.stringify(name)}: ${found.join(', ')}`);
    }
  });

  it('are harmless in any size', () => {
    for (const name of HOSTILE_LARGE)
      expect(dangersIn(renderToStaticMarkup(places(name)), OF_A_ROW).filter(Boolean)).toEqual([]);
  });

  it('stay on one line and in their order', () => {
    for (const text of PAYLOADS) {
      for (const name of prefixes(text)) {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
        if (/[\u0000-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/.test(tameName(name)))
          expect.fail(JSON.stringify(name));
        if (tameName(tameName(name)) !== tameName(name) || tame(tame(name)) !== tame(name))
          expect.fail(JSON.stringify(name));
      }
    }
  });

  it('leave their answer as text when it is copied with its sources', () => {
    for (const name of HOSTILE_NAMES) {
      const answer = { text: 'Yes [1].', citations: [citation(name)] } as unknown as Answer;
      expect(withSources(answer).split('\n')[2]).toBe(`[1] ${tameName(name)}, p. 1`);
    }
  });
});
