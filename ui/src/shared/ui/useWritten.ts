import { type RefObject, useEffect, useRef } from 'react';

/** Writes a value that was set into the field that is there: another one in its place would not have the focus. */
export function useWritten(value: string): RefObject<HTMLInputElement | null> {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (field.current) field.current.value = value;
  }, [value]);
  return field;
}
