import { describe, expect, it } from 'vitest';
import { pathsIn } from './usePaste';

describe('what is pasted', () => {
  it('is added where it is paths and nothing else', () => {
    expect(pathsIn('/home/ada/Lease 2024.pdf')).toEqual(['/home/ada/Lease 2024.pdf']);
    expect(pathsIn('copy\nfile:///home/ada/a%20b.pdf\r\nfile:///home/ada/%C3%A4.pdf\n')).toEqual([
      '/home/ada/a b.pdf',
      '/home/ada/ä.pdf',
    ]);
    expect(pathsIn('file:///C:/Users/ada/a.pdf')).toEqual(['C:/Users/ada/a.pdf']);
    expect(pathsIn('D:\\papers\\a.pdf')).toEqual(['D:\\papers\\a.pdf']);
  });

  it('is left alone where it is a text, an address or half a path', () => {
    for (const text of [
      '',
      'a question',
      '/a.pdf\nand a remark',
      'https://example.org/a.pdf',
      'file:///%E0%A4%A',
      'a/b',
    ])
      expect(pathsIn(text)).toEqual([]);
  });
});
