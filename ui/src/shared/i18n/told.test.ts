import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { promisedRows } from '@/ipc/mock/plans';
import { setLanguage } from './index';
import { toldWords } from './told';

const PARSERS = join(import.meta.dirname, '../../../../src-tauri/crates/parse/src');

afterEach(() => setLanguage('en'));

describe('what the engine tells without a code', () => {
  it('stands in English as it was told', () => {
    expect(toldWords('The slide is damaged.')).toBe('The slide is damaged.');
    expect(toldWords('Something new.')).toBe('Something new.');
  });

  it('has German words for every reason for which the parsers leave a page out', () => {
    const files = readdirSync(PARSERS, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.rs'));
    const reasons = files.flatMap((name) =>
      [
        ...readFileSync(join(PARSERS, name), 'utf8').matchAll(
          /(?:page_failed|page_without_text)\(\s*number,\s*"([^"]+)"|"(The [^"]*page is damaged\.)"/g,
        ),
      ].map((match) => match[1] ?? match[2] ?? ''),
    );
    expect(reasons.length).toBeGreaterThan(8);
    setLanguage('de');
    expect(reasons.filter((reason) => toldWords(reason) === null || toldWords(reason) === reason)).toEqual([]);
  });

  it('has German words for what was measured, with German figures', () => {
    setLanguage('de');
    expect(toldWords('17.1 against 7.2 tokens a second on CPU.')).toBe('17,1 gegen 7,2 Tokens pro Sekunde auf CPU.');
    for (const gpu of [true, false])
      for (const { detail } of promisedRows(gpu)) expect(toldWords(detail), detail).not.toBeNull();
    expect(
      toldWords(
        'embedded (/m/a.gguf): first word after 412 ms, 38.2 tokens a second; ollama (qwen3:4b): first word after 90 ms, 61.0 tokens a second',
      ),
    ).toBe(
      'embedded (/m/a.gguf): erstes Wort nach 412 ms, 38,2 Tokens pro Sekunde; ollama (qwen3:4b): erstes Wort nach 90 ms, 61 Tokens pro Sekunde',
    );
  });

  it('says that it has no German words for what it does not know', () => {
    setLanguage('de');
    expect(toldWords('Something new.')).toBeNull();
    expect(toldWords('ollama: it broke; embedded: first word after 90 ms, 61.0 tokens a second')).toBeNull();
  });
});
