import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, describe, expect, it } from 'vitest';
import { MenuItem, Popover } from './Popover';

afterEach(cleanup);

describe('a card', () => {
  it('is closed by the key that leaves it, which goes on from its button', () => {
    render(
      <Popover trigger="Link">
        <button type="button">Open</button>
        <button type="button">Copy</button>
      </Popover>,
    );
    const button = screen.getByRole('button', { name: 'Link' });
    const tab = (shiftKey = false): void =>
      void fireEvent.keyDown(document.activeElement ?? window, { key: 'Tab', shiftKey });
    fireEvent.click(button);
    tab();
    expect(screen.queryByRole('dialog')).toBeTruthy();
    screen.getByRole('button', { name: 'Copy' }).focus();
    tab();
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(document.activeElement).toBe(button);
    fireEvent.click(button);
    tab(true);
    expect(screen.queryByRole('dialog')).toBeNull();
  });
});

it('is closed by the wheel that scrolls what it was opened from, and not by its own', () => {
  render(
    <Popover kind="menu" trigger="Actions">
      <MenuItem onSelect={() => undefined}>Show</MenuItem>
    </Popover>,
  );
  fireEvent.click(screen.getByRole('button', { name: 'Actions' }));
  fireEvent.wheel(screen.getByRole('menuitem'));
  expect(screen.queryByRole('menu')).toBeTruthy();
  fireEvent.wheel(document.body);
  expect(screen.queryByRole('menu')).toBeNull();
});

describe('a menu', () => {
  it('is gone through by keys, over what cannot be chosen, and gives the focus back', () => {
    render(
      <Popover kind="menu" trigger="Actions">
        <MenuItem disabled onSelect={() => undefined}>
          Read
        </MenuItem>
        <MenuItem onSelect={() => undefined}>Show</MenuItem>
        <MenuItem disabled onSelect={() => undefined}>
          Ask
        </MenuItem>
        <MenuItem onSelect={() => undefined}>Remove</MenuItem>
      </Popover>,
    );
    const button = screen.getByRole('button', { name: 'Actions' });
    fireEvent.click(button);
    const focused = (key?: string): string | null | undefined => {
      if (key) fireEvent.keyDown(document.activeElement ?? window, { key });
      return document.activeElement?.textContent;
    };
    expect(focused()).toBe('Show');
    expect(focused('ArrowDown')).toBe('Remove');
    expect(focused('ArrowDown')).toBe('Show');
    expect(focused('ArrowUp')).toBe('Remove');
    expect(focused('Home')).toBe('Show');
    expect(focused('End')).toBe('Remove');
    for (const key of ['Escape', 'Tab']) {
      fireEvent.keyDown(document.activeElement ?? window, { key });
      expect(document.activeElement).toBe(button);
      expect(screen.queryByRole('menu')).toBeNull();
      fireEvent.click(button);
    }
  });
});
