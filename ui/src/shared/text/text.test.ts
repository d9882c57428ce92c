import { afterEach, describe, expect, it, vi } from 'vitest';
import { setLanguage } from '../i18n';
import { bytes, date, decimal, duration, memory, milliseconds } from './format';
import { locate } from './locate';
import { fileName, folderOf } from './path';
import { sliceSpan, unitsAt, unitsAtAll } from './spans';
import { tame, tameName } from './tame';

describe('spans', () => {
  it('count scalar values, not UTF-16 units', () => {
    expect(sliceSpan('a😀bc', { start: 1, end: 3 })).toBe('😀b');
    expect(unitsAt('😀😀', 1)).toBe(2);
    expect(sliceSpan('abc', { start: 2, end: 99 })).toBe('c');
  });

  it('are found for many at once, in any order', () => {
    const text = 'a😀b😀c';
    const at = [5, 0, 2, 99, 2, 4, -1];
    expect(unitsAtAll(text, at)).toEqual(at.map((each) => unitsAt(text, each)));
    const walked = vi.spyOn(String.prototype, 'codePointAt');
    unitsAtAll(
      'a'.repeat(1000),
      Array.from({ length: 500 }, (_, place) => 2 * place),
    );
    const steps = walked.mock.calls.length;
    walked.mockRestore();
    expect(steps).toBeLessThanOrEqual(1000);
  });
});

describe('a quote on a page that was read again', () => {
  const quote = 'after 24 months (in writing)';
  const at = (text: string) => locate(text, { start: 8, end: 36 }, quote);

  it('stays where it is while its words are there', () => {
    expect(at('It ends after 24 months (in writing).')).toEqual({ start: 8, end: 36 });
    expect(at('It ends after 24 months, if  in writing.')).toEqual({ start: 8, end: 36 });
  });

  it('is found where it has moved to, however its lines break', () => {
    const text = '😀 Nobody leaves before that day, and then only after 24\nmonths (in writing).';
    const found = at(text);
    expect(found && sliceSpan(text, found)).toBe('after 24\nmonths (in writing)');
  });

  it('is nowhere when it is gone', () => {
    expect(at('The lease runs for five years and cannot be ended.')).toBeNull();
  });
});

describe('foreign text', () => {
  it('cannot reorder what is around it', () => {
    expect(tame('a\u202Eb\u2066c')).toBe('abc');
    expect(tameName('invoice\u202Efdp.exe\n')).toBe('invoice\uFFFDfdp.exe ');
  });

  it('keeps letters of every script', () => {
    expect(tame('تقرير 合同 Überführung')).toBe('تقرير 合同 Überführung');
  });
});

describe('figures', () => {
  it('read as a person says them', () => {
    expect([bytes(900), bytes(4_300_000), bytes(2_497_280_256)]).toEqual(['900 B', '4.3 MB', '2.5 GB']);
    expect([memory(297), memory(8188)]).toEqual(['297 MB', '8.0 GB']);
    expect([milliseconds(0.4), milliseconds(412), milliseconds(2513)]).toEqual(['0.4 ms', '412 ms', '2.5 s']);
    expect([bytes(999_900), memory(999.6), milliseconds(999.7)]).toEqual(['1.0 MB', '1.0 GB', '1.0 s']);
    expect([duration(0.2), duration(40), duration(600), duration(7200)]).toEqual(['1 s', '40 s', '10 min', '2.0 h']);
  });
});

describe('dates and figures', () => {
  const day = new Date(2026, 11, 3, 12).getTime();
  const system = (...languages: string[]): void => {
    vi.spyOn(navigator, 'languages', 'get').mockReturnValue(languages);
  };
  afterEach(() => {
    vi.restoreAllMocks();
    setLanguage('en');
  });

  it('are written as in the region of the system, in the language of the window', () => {
    system('de-CH', 'en-GB');
    expect([date(day), decimal(1204.5)]).toEqual(['3 Dec 2026', '1,204.5']);
    setLanguage('de');
    expect([date(day), decimal(0.5)]).toEqual(['03.12.2026', '0.5']);
    system('en-US');
    expect([date(day), decimal(0.5)]).toEqual(['03.12.2026', '0,5']);
    setLanguage('en');
    expect(date(day)).toBe('Dec 3, 2026');
  });
});

describe('paths', () => {
  it('are parted as their system parts them', () => {
    expect(fileName('/home/ada/a\\b.pdf')).toBe('a\\b.pdf');
    expect(folderOf('/home/ada/a\\b.pdf')).toBe('/home/ada');
    expect(fileName('C:\\Users\\Ada\\a.pdf')).toBe('a.pdf');
    expect(folderOf('C:\\Users\\Ada\\a.pdf')).toBe('C:\\Users\\Ada');
    expect([fileName('a.pdf'), folderOf('a.pdf')]).toEqual(['a.pdf', '']);
  });
});
