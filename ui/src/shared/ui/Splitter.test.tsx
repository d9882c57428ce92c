import { fireEvent, render, screen } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import { Splitter } from './Splitter';

it('a handle that the system took away is not dragged on', () => {
  Element.prototype.setPointerCapture = () => undefined;
  const resized = vi.fn();
  render(<Splitter label="Width" width={200} minimum={100} maximum={400} side="left" onResize={resized} />);
  const handle = screen.getByRole('separator');
  fireEvent.pointerDown(handle);
  fireEvent.pointerMove(handle);
  expect(resized).toHaveBeenCalledOnce();
  fireEvent.lostPointerCapture(handle);
  fireEvent.pointerMove(handle);
  expect(resized).toHaveBeenCalledOnce();
});
