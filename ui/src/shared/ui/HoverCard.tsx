import { type ReactElement, type ReactNode, useId, useLayoutEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import { place } from './Popover';

interface Properties {
  /** Draws the anchor; `described` ties it to the card for screen readers. */
  children: (described: { 'aria-describedby': string | undefined }) => ReactElement;
  card: ReactNode;
}

/** A card that appears after a moment's rest of pointer or focus and never takes either. */
export function HoverCard({ children, card }: Properties) {
  const [open, setOpen] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const anchor = useRef<HTMLSpanElement>(null);
  const floating = useRef<HTMLDivElement>(null);
  const id = useId();
  const show = (): void => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setOpen(true), 250);
  };
  const hide = (): void => {
    clearTimeout(timer.current);
    setOpen(false);
  };
  useLayoutEffect(() => {
    if (open && floating.current && anchor.current) place(floating.current, anchor.current.getBoundingClientRect());
  }, [open]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the anchor inside is the control; this only watches the pointer
    <span
      ref={anchor}
      className="hover-anchor"
      onPointerEnter={show}
      onPointerLeave={hide}
      onFocus={show}
      onBlur={hide}
    >
      {children({ 'aria-describedby': open ? id : undefined })}
      {open &&
        createPortal(
          <div ref={floating} id={id} role="tooltip" className="floating hover-card">
            {card}
          </div>,
          document.body,
        )}
    </span>
  );
}
