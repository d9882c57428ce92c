import { afterEach, describe, expect, it } from 'vitest';
import { de } from './de';
import { en } from './en';
import { setLanguage, t, wordsOf } from './index';

const places = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

afterEach(() => setLanguage('en'));

const sources = import.meta.glob<string>(['../../**/*.{ts,tsx}', '!../i18n/{,failures.,machine.}{en,de}.ts'], {
  query: '?raw',
  import: 'default',
  eager: true,
});

describe('catalogue', () => {
  it('says nothing that nobody shows', () => {
    const code = Object.values(sources).join('\n');
    // Made from data: the codes of failures and notices, and what stands before a place of a template.
    const made = [...code.matchAll(/[`']([a-z_.]+\.)\$\{/g)].map((match) => match[1] ?? '');
    const isShown = (key: string): boolean =>
      /^(error|notice)\./.test(key) ||
      new RegExp(`['"]${key.replaceAll('.', '\\.').replace(/_open$/, '')}['"]`).test(code) ||
      made.some((start) => key.startsWith(start));
    expect(Object.keys(en).filter((key) => !isShown(key))).toEqual([]);
  });

  it('has the same keys in both languages', () => {
    expect(Object.keys(de).sort()).toEqual(Object.keys(en).sort());
  });

  it('has the same places and forms in both languages', () => {
    for (const [key, english] of Object.entries(en)) {
      const german = de[key as keyof typeof en];
      expect(german, key).not.toBe('');
      expect(places(german), key).toEqual(places(english));
      expect(german.split(' | ').length, key).toBe(english.split(' | ').length);
    }
  });

  it('chooses the form by number and fills places in the language', () => {
    expect(t('library.count', { n: 1 })).toBe('1 document');
    expect(t('library.count', { n: 1204 })).toBe('1,204 documents');
    setLanguage('de');
    expect(t('library.count', { n: 1204 })).toBe('1.204 Dokumente');
  });

  it('keeps the particulars of a failure in English and translates by code elsewhere', () => {
    const failure = { code: 'damaged', message: 'Page 4 of `a.pdf` is cut off.' };
    expect(wordsOf(failure)).toBe(failure.message);
    setLanguage('de');
    expect(wordsOf(failure)).toContain('beschädigt');
    expect(wordsOf({ code: 'never_seen', message: 'x' })).toBe('x');
  });
});
