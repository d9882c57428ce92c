import { useState } from 'react';

interface Properties {
  value: string;
  label: string;
  onCommit: (value: string) => void;
  onCancel: () => void;
}

/** A line of text being changed in place: Enter keeps, Escape goes back. */
export function InlineEdit({ value, label, onCommit, onCancel }: Properties) {
  const [text, setText] = useState(value);
  const commit = (): void => {
    const trimmed = text.trim();
    if (trimmed) onCommit(trimmed);
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
      onBlur={commit}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === 'Enter') commit();
        if (event.key === 'Escape') onCancel();
      }}
    />
  );
}
