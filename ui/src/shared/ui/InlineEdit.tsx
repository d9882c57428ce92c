import { useRef, useState } from 'react';

interface Properties {
  value: string;
  label: string;
  /** A name that is kept though nobody changed it. */
  fresh?: boolean;
  onCommit: (value: string) => void;
  onCancel: () => void;
}

/** A line of text being changed in place: Enter keeps, Escape goes back. */
export function InlineEdit({ value, label, fresh = false, onCommit, onCancel }: Properties) {
  const [text, setText] = useState(value);
  // The field is left as well when a key has closed it.
  const closed = useRef(false);
  const close = (keep: boolean, line: Element | null = null): void => {
    if (closed.current) return;
    closed.current = true;
    // By a key: the focus stays on the line whose name it was.
    if (line) requestAnimationFrame(() => line.querySelector('button')?.focus());
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
        const line = event.currentTarget.closest('li');
        if (event.key === 'Enter') close(true, line);
        if (event.key === 'Escape') close(false, line);
      }}
    />
  );
}
