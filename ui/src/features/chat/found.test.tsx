import { act, render, waitFor } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';

/** What jsdom does not have: marks of the browser's own, as lists of ranges. */
class Marks extends Set<Range> {
  constructor(...ranges: Range[]) {
    super(ranges);
  }
}

afterEach(() => vi.unstubAllGlobals());

it('marks the place that is stepped to once, and not as one of the others too', async () => {
  const highlights = new Map<string, Marks>();
  vi.stubGlobal('CSS', { highlights });
  vi.stubGlobal('Highlight', Marks);
  Range.prototype.getBoundingClientRect = () => new DOMRect();
  const [{ useFound }, { useFind }] = await Promise.all([import('./useFound'), import('./find')]);
  function Shown() {
    const scroller = { current: document.body };
    useFound(scroller, () => undefined);
    return (
      <div data-index="0">
        <p className="question">One month, two months, three months</p>
      </div>
    );
  }
  render(<Shown />);
  const hits = [0, 1, 2].map((nth) => ({ turn: 0, nth }));
  act(() => useFind.setState({ open: true, query: 'month', hits, at: 1 }));
  await waitFor(() => expect(highlights.get('found-current')?.size).toBe(1));
  const [current] = highlights.get('found-current') ?? [];
  expect(highlights.get('found')?.size).toBe(2);
  expect(highlights.get('found')?.has(current as Range)).toBe(false);
});
