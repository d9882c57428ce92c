import { describe, expect, it } from 'vitest';
import { COMMANDS } from './commands';
import { isTyping, matches } from './keyboard';

const press = (
  key: string,
  held: Partial<{ code: string; ctrlKey: boolean; metaKey: boolean; shiftKey: boolean; altKey: boolean }> = {},
) => ({ key, code: '', ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...held });

describe('shortcuts', () => {
  it('are each given once', () => {
    const keys = COMMANDS.flatMap((command) => command.keys ?? []);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('tell apart what is held', () => {
    expect(matches('Mod+K', press('k', { ctrlKey: true }))).toBe(true);
    expect(matches('Mod+K', press('k'))).toBe(false);
    expect(matches('Mod+Shift+P', press('P', { ctrlKey: true, shiftKey: true }))).toBe(true);
    expect(matches('F8', press('F8', { shiftKey: true }))).toBe(false);
    expect(matches('?', press('?', { shiftKey: true }))).toBe(true);
    expect(matches('Mod+Plus', press('=', { ctrlKey: true }))).toBe(true);
    expect(matches('Mod+Plus', press('+', { ctrlKey: true, shiftKey: true }))).toBe(true);
    expect(matches('Mod+Plus', press('+'))).toBe(false);
  });

  it('are found by their place where a layout writes another script, and by their letter elsewhere', () => {
    expect(matches('Mod+K', press('л', { code: 'KeyK', ctrlKey: true }))).toBe(true);
    expect(matches('Mod+Shift+P', press('З', { code: 'KeyP', ctrlKey: true, shiftKey: true }))).toBe(true);
    // A German keyboard: Z and Y have each other's place.
    expect(matches('Mod+Z', press('z', { code: 'KeyY', ctrlKey: true }))).toBe(true);
    expect(matches('Mod+Z', press('y', { code: 'KeyZ', ctrlKey: true }))).toBe(false);
  });

  it('know where characters belong to a text', () => {
    expect(isTyping(document.createElement('textarea'))).toBe(true);
    expect(isTyping(document.createElement('button'))).toBe(false);
  });
});
