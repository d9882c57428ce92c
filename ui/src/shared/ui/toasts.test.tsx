import { act, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { announce, canUndo, insist, ToastList, undoLast, warn } from './toasts';

const shown = (): string[] => [...document.querySelectorAll('.toast p:first-child')].map((each) => each.textContent);
const toast = (): Element => document.querySelector('.toast') ?? document.body;

beforeEach(() => {
  vi.useFakeTimers();
  render(<ToastList />);
});

afterEach(() => {
  // Each goes before the next test begins.
  act(() => vi.advanceTimersByTime(60_000));
  for (const button of screen.queryAllByRole('button', { name: 'Dismiss this message' })) fireEvent.click(button);
  vi.useRealTimers();
});

describe('messages', () => {
  it('keep the way back of each of two removals, though both are told in the same words', () => {
    const undone: string[] = [];
    const remove = (name: string): void => announce('Document removed.', async () => void undone.push(name));
    act(() => remove('first'));
    act(() => remove('second'));
    expect(shown()).toHaveLength(2);
    act(undoLast);
    expect(undone).toEqual(['second']);
    act(undoLast);
    expect(undone).toEqual(['second', 'first']);
    expect(canUndo()).toBe(false);
  });

  it('settle nothing early because another says the same', () => {
    const settled = vi.fn();
    act(() => announce('Model removed.', async () => undefined, settled));
    act(() => announce('Model removed.', async () => undefined, settled));
    expect(settled).not.toHaveBeenCalled();
    act(() => vi.advanceTimersByTime(8000));
    expect(settled).toHaveBeenCalledTimes(2);
  });

  it('that only tell something stand there once', () => {
    act(() => announce('Copied'));
    act(() => announce('Copied'));
    expect(shown()).toEqual(['Copied']);
  });

  it('offer no way back that the engine has forgotten, though somebody is on them', () => {
    act(() => announce('Document removed.', async () => undefined));
    act(() => vi.advanceTimersByTime(5000));
    fireEvent.pointerEnter(toast());
    act(() => vi.advanceTimersByTime(6000));
    expect(shown()).toHaveLength(1);
    // Looked at again: its time is not begun anew.
    fireEvent.pointerLeave(toast());
    fireEvent.pointerEnter(toast());
    act(() => vi.advanceTimersByTime(1500));
    expect(shown()).toEqual([]);
    expect(canUndo()).toBe(false);
  });

  it('without a way back stay while somebody is on them', () => {
    act(() => announce('Saved.'));
    fireEvent.pointerEnter(toast());
    act(() => vi.advanceTimersByTime(60_000));
    expect(shown()).toEqual(['Saved.']);
    fireEvent.pointerLeave(toast());
    act(() => vi.advanceTimersByTime(8000));
    expect(shown()).toEqual([]);
  });

  it('give the focus back to whom they were pressed away by', () => {
    const field = document.body.appendChild(document.createElement('input'));
    field.focus();
    act(() => announce('Document removed.', async () => undefined));
    const button = screen.getByRole('button', { name: 'Undo' });
    act(() => button.focus());
    fireEvent.click(button);
    expect(document.activeElement).toBe(field);
    // One that goes by itself takes it from nobody.
    act(() => announce('Saved.'));
    act(() => field.blur());
    act(() => vi.advanceTimersByTime(8000));
    expect(document.activeElement).toBe(document.body);
    field.remove();
  });

  it('that have to be seen stay, however many come after them', () => {
    act(() => insist({ code: '', message: 'A copy took its place.' }));
    for (let n = 0; n < 6; n++) act(() => warn({ code: '', message: `Warning ${n}` }));
    expect(shown()).toHaveLength(5);
    act(() => vi.advanceTimersByTime(60_000));
    expect(shown()).toEqual(['A copy took its place.']);
  });
});
