import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import { useState } from 'react';
import { describe, expect, it, vi } from 'vitest';
import { FindField } from './FindField';
import { InlineEdit } from './InlineEdit';

const COMPOSING = [
  { key: 'Enter', isComposing: true },
  // As WebKit tells the key that ended a composition.
  { key: 'Enter', keyCode: 229 },
  { key: 'Escape', isComposing: true },
];

describe('Enter and Escape within a composition', () => {
  it('neither keep nor drop a name', () => {
    const [onCommit, onCancel] = [vi.fn(), vi.fn()];
    render(<InlineEdit value="Old" label="Name" onCommit={onCommit} onCancel={onCancel} />);
    const field = screen.getByRole('textbox');
    fireEvent.change(field, { target: { value: '契約書' } });
    for (const key of COMPOSING) fireEvent.keyDown(field, key);
    expect([onCommit, onCancel].map((each) => each.mock.calls.length)).toEqual([0, 0]);
    fireEvent.keyDown(field, { key: 'Enter', keyCode: 13 });
    expect(onCommit).toHaveBeenCalledWith('契約書');
  });

  it('neither step through what was found nor close the search', () => {
    const [onStep, onClose] = [vi.fn(), vi.fn()];
    const field = { label: 'Find', query: '契約', found: 2, at: 0, onFind: () => undefined, onStep, onClose };
    render(<FindField {...field} />);
    for (const key of COMPOSING) fireEvent.keyDown(screen.getByRole('searchbox'), key);
    expect([onStep, onClose].map((each) => each.mock.calls.length)).toEqual([0, 0]);
    fireEvent.keyDown(screen.getByRole('searchbox'), { key: 'Enter', keyCode: 13 });
    expect(onStep).toHaveBeenCalledWith(1);
  });
});

it('a search that ends at the most places says that there are more', () => {
  const nothing = (): void => undefined;
  const field = { label: 'Find', query: 'the', at: 2, most: 1000, onFind: nothing, onStep: nothing, onClose: nothing };
  const { rerender } = render(<FindField {...field} found={999} />);
  expect(screen.getByRole('status').textContent).toBe('3 of 999');
  rerender(<FindField {...field} found={1000} />);
  expect(screen.getByRole('status').textContent).toBe('3 of 1,000 or more');
});

describe('a name that is changed in place', () => {
  /** A thing with its name and the button that changes it; the button may make room for the field. */
  function Thing({ list = false, stays = false }: { list?: boolean; stays?: boolean }) {
    const [editing, setEditing] = useState(false);
    const end = (): void => setEditing(false);
    const button = (
      <button type="button" onClick={() => setEditing(true)}>
        Rename
      </button>
    );
    const body = (
      <>
        {editing ? <InlineEdit value="Old" label="Name" onCommit={end} onCancel={end} /> : !stays && button}
        {stays && button}
      </>
    );
    return list ? <ul>{<li>{body}</li>}</ul> : <div>{body}</div>;
  }

  for (const place of [{ list: true }, { list: false }, { stays: true }])
    it(`gives the focus back to what it came from (${JSON.stringify(place)})`, async () => {
      render(<Thing {...place} />);
      for (const key of ['Enter', 'Escape']) {
        screen.getByRole('button').focus();
        fireEvent.click(screen.getByRole('button'));
        fireEvent.keyDown(screen.getByRole('textbox'), { key });
        await waitFor(() => expect(document.activeElement).toBe(screen.getByRole('button', { name: 'Rename' })));
      }
    });
});
