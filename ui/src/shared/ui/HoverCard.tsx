import { type ReactElement, type ReactNode, useEffect, useId, useLayoutEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import { place } from './Popover';

interface Properties {
  /** Draws the anchor; `described` ties it to the card for screen readers. */
  children: (described: { 'aria-describedby': string | undefined }) => ReactElement;
  card: ReactNode;
}

/** A card that appears after a moment's rest of pointer or focus; the pointer may go over to it, Escape closes it. */
export function HoverCard({ children, card }: Properties) {
  const [open, setOpen] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const anchor = useRef<HTMLSpanElement>(null);
  const floating = useRef<HTMLDivElement>(null);
  const id = useId();
  // Pressed: what it told of is opened, and the card would only lie over it. Again when the pointer has been elsewhere.
  const pressed = useRef(false);
  const show = (): void => {
    clearTimeout(timer.current);
    if (!pressed.current) timer.current = setTimeout(() => setOpen(true), 250);
  };
  const hide = (): void => {
    clearTimeout(timer.current);
    setOpen(false);
  };
  // Long enough to go over to the card.
  const leave = (): void => {
    pressed.current = false;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setOpen(false), 120);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    if (!open) return;
    const keys = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      setOpen(false);
    };
    window.addEventListener('keydown', keys, true);
    return () => window.removeEventListener('keydown', keys, true);
  }, [open]);
  useLayoutEffect(() => {
    if (open && floating.current && anchor.current) place(floating.current, anchor.current.getBoundingClientRect());
  }, [open]);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions lint/a11y/useKeyWithClickEvents: the control is inside; this only watches it
    <span
      ref={anchor}
      className="hover-anchor"
      onPointerEnter={show}
      onPointerLeave={leave}
      onFocus={(event) => {
        if (event.target.matches(':focus-visible')) show();
      }}
      onBlur={() => {
        pressed.current = false;
        hide();
      }}
      onClick={() => {
        pressed.current = true;
        hide();
      }}
    >
      {children({ 'aria-describedby': open ? id : undefined })}
      {open &&
        createPortal(
          <div ref={floating} id={id} role="tooltip" className="floating hover-card" onPointerEnter={show}>
            {card}
          </div>,
          document.body,
        )}
    </span>
  );
}
