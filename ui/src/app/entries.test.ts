import { describe, expect, it } from 'vitest';
import { rankOf } from './entries';

describe('the palette', () => {
  it('puts what begins with the words before what only holds them', () => {
    expect(rankOf('Lease-2024.pdf', 'le')).toBe(0);
    expect(rankOf('Show or hide the library', 'lib hide')).toBe(1);
    expect(rankOf('Setting: Text size', 'text')).toBe(1);
    expect(rankOf('Add files', 'le')).toBe(2);
    expect(rankOf('Add files', 'lease')).toBeNull();
    expect(rankOf('Übersicht der Verträge', 'ver')).toBe(1);
  });
});
