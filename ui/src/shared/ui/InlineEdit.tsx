import { useRef, useState } from 'react';
import { isComposing } from './composing';

interface Properties {
  value: string;
  label: string;
  /** A name that is kept though nobody changed it. */
  fresh?: boolean;
  onCommit: (value: string) => void;
  onCancel: () => void;
}

/** Where the focus goes when a key has closed the field: to the line whose name it was, or back to where it came from. */
function leave(field: Element, before: Element | null): void {
  const line = field.closest('li');
  const around = field.parentElement;
  requestAnimationFrame(() => {
    // Of several, one that is shown: others stand in for it where there is less room.
    const button = (place: Element | null) =>
      place?.isConnected && [...place.querySelectorAll('button')].find((each) => each.checkVisibility?.() ?? true);
    const back = before?.isConnected && before !== document.body ? before : null;
    const next = button(line) || back || button(around);
    if (next instanceof HTMLElement) next.focus();
  });
}

/** A line of text being changed in place: Enter keeps, Escape goes back. */
export function InlineEdit({ value, label, fresh = false, onCommit, onCancel }: Properties) {
  const [text, setText] = useState(value);
  // Asked before the field takes the place of what has the focus.
  const [before] = useState(() => document.activeElement);
  // The field is left as well when a key has closed it.
  const closed = useRef(false);
  const close = (keep: boolean): void => {
    if (closed.current) return;
    closed.current = true;
    const trimmed = text.trim();
    if (keep && trimmed && (fresh || trimmed !== value)) onCommit(trimmed);
    else onCancel();
  };
  return (
    <input
      className="field inline-edit"
      aria-label={label}
      value={text}
      maxLength={200}
      ref={(element) => {
        if (element && document.activeElement !== element) {
          element.focus();
          element.select();
        }
      }}
      onChange={(event) => setText(event.target.value)}
      onBlur={() => close(true)}
      onKeyDown={(event) => {
        event.stopPropagation();
        if ((event.key !== 'Enter' && event.key !== 'Escape') || isComposing(event)) return;
        leave(event.currentTarget, before);
        close(event.key === 'Enter');
      }}
    />
  );
}
