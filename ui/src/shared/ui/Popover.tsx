import { createContext, type ReactNode, useContext, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';

/** Closes the menu that an item stands in. */
const CloseMenu = createContext<() => void>(() => undefined);

interface Properties {
  trigger: ReactNode;
  label?: string;
  className?: string;
  title?: string;
  disabled?: boolean;
  /** `menu` puts the focus on the first item and moves it with the arrow keys. */
  kind?: 'dialog' | 'menu';
  children: ReactNode | ((close: () => void) => ReactNode);
}

/** A button that opens a floating card beside itself. Escape and a click elsewhere close it; the focus goes back. */
export function Popover({
  trigger,
  label,
  className = 'button',
  title,
  disabled,
  kind = 'dialog',
  children,
}: Properties) {
  const [open, setOpen] = useState(false);
  /** Where a pointer asked for it; beside the button otherwise. */
  const [at, setAt] = useState<DOMRect | null>(null);
  const button = useRef<HTMLButtonElement>(null);
  const close = (): void => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        className={className}
        aria-haspopup={kind}
        aria-expanded={open}
        aria-label={label}
        title={title}
        disabled={disabled}
        onClick={({ nativeEvent: { isTrusted, clientX, clientY } }) => {
          setAt(!isTrusted && (clientX > 0 || clientY > 0) ? new DOMRect(clientX, clientY, 0, 0) : null);
          setOpen(!open);
        }}
      >
        {trigger}
      </button>
      {open && button.current && (
        <Card
          anchor={button.current}
          at={at}
          kind={kind}
          label={label ?? title ?? ''}
          onClose={() => setOpen(false)}
          onEscape={close}
        >
          <CloseMenu value={close}>{typeof children === 'function' ? children(close) : children}</CloseMenu>
        </Card>
      )}
    </>
  );
}

interface CardProperties {
  anchor: HTMLElement;
  at: DOMRect | null;
  kind: 'dialog' | 'menu';
  label: string;
  children: ReactNode;
  onClose: () => void;
  onEscape: () => void;
}

/** Puts a floating card above or below its anchor, inside the window. */
export function place(card: HTMLElement, anchor: DOMRect): void {
  const { width, height } = card.getBoundingClientRect();
  const below = anchor.bottom + 6;
  const above = anchor.top - height - 6;
  const top =
    below + height <= window.innerHeight - 8 || above < 8
      ? Math.min(below, Math.max(8, window.innerHeight - height - 8))
      : above;
  const left = Math.max(8, Math.min(anchor.left, window.innerWidth - width - 8));
  card.style.top = `${top}px`;
  card.style.left = `${left}px`;
}

/** Items that can be chosen: the focus passes over the others. */
const ITEMS = '[role^="menuitem"]:not(:disabled)';

/** Where the focus goes in a menu by a key, from one of so many items; `null` where the key is none of its. */
function nextItem(key: string, at: number, items: number): number | null {
  switch (key) {
    case 'ArrowDown':
      return (at + 1) % items;
    case 'ArrowUp':
      return (Math.max(0, at) - 1 + items) % items;
    case 'Home':
      return 0;
    case 'End':
      return items - 1;
    default:
      return null;
  }
}

const STOPS = ':is(button, input, select, textarea):not(:disabled), a[href], [tabindex="0"]';

/** Whether the focus is on the last thing in a card that it can go to, or backwards on the first: the next is elsewhere. */
function isAtEnd(card: HTMLElement | null, backwards: boolean): boolean {
  const stops = [...(card?.querySelectorAll<HTMLElement>(STOPS) ?? [])];
  return document.activeElement === stops.at(backwards ? 0 : -1);
}

function Card({ anchor, at, kind, label, children, onClose, onEscape }: CardProperties) {
  const card = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (!card.current) return;
    place(card.current, at ?? anchor.getBoundingClientRect());
    card.current.querySelector<HTMLElement>(`${ITEMS}, :is(button, input):not(:disabled), a`)?.focus();
  }, [anchor, at]);
  useEffect(() => {
    const outside = (event: Event): void => {
      if (event.target instanceof Node && !card.current?.contains(event.target) && !anchor.contains(event.target))
        onClose();
    };
    const keys = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') {
        event.stopPropagation();
        onEscape();
      } else if (kind === 'menu') {
        const items = [...(card.current?.querySelectorAll<HTMLElement>(ITEMS) ?? [])];
        const next = nextItem(event.key, items.indexOf(document.activeElement as HTMLElement), items.length);
        if (next !== null) {
          items[next]?.focus();
          event.preventDefault();
          // From its button the key goes on to what stands beside it; from a menu that is gone to the end of the page.
        } else if (event.key === 'Tab') onEscape();
      } else if (event.key === 'Tab' && isAtEnd(card.current, event.shiftKey)) onEscape();
    };
    window.addEventListener('pointerdown', outside, true);
    // What it was opened from would be scrolled away from under it.
    window.addEventListener('wheel', outside, { capture: true, passive: true });
    window.addEventListener('keydown', keys, true);
    window.addEventListener('resize', onClose);
    return () => {
      window.removeEventListener('pointerdown', outside, true);
      window.removeEventListener('wheel', outside, true);
      window.removeEventListener('keydown', keys, true);
      window.removeEventListener('resize', onClose);
    };
  }, [anchor, kind, onClose, onEscape]);
  return createPortal(
    <div ref={card} className={`floating ${kind}`} role={kind} aria-label={label}>
      {children}
    </div>,
    document.body,
  );
}

interface MenuItemProperties {
  icon?: ReactNode;
  children: ReactNode;
  /** Whether what it switches is on, where it is a switch. */
  checked?: boolean;
  /** Whether it is the one that is chosen, where it is one of several. */
  chosen?: boolean;
  danger?: boolean;
  disabled?: boolean;
  onSelect: () => void;
}

/** One line of a menu; choosing it closes the menu first. */
export function MenuItem({
  icon,
  children,
  checked,
  chosen,
  danger = false,
  disabled = false,
  onSelect,
}: MenuItemProperties) {
  const close = useContext(CloseMenu);
  const role = chosen !== undefined ? 'menuitemradio' : checked !== undefined ? 'menuitemcheckbox' : 'menuitem';
  return (
    <button
      type="button"
      role={role}
      aria-checked={chosen ?? checked}
      tabIndex={-1}
      className={danger ? 'menu-item danger' : 'menu-item'}
      disabled={disabled}
      onClick={() => {
        close();
        onSelect();
      }}
    >
      <span className="menu-icon" aria-hidden>
        {icon}
      </span>
      {children}
    </button>
  );
}
