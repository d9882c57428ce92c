import type { ReactNode, Ref } from 'react';

interface Properties {
  /** What it does: its name for screen readers. */
  label: string;
  /** What a pointer resting on it says, where that is more than its name, such as the keys that do the same. */
  hint?: string;
  /** Whether what it switches is on. */
  pressed?: boolean;
  small?: boolean;
  disabled?: boolean;
  className?: string;
  ref?: Ref<HTMLButtonElement>;
  onPress: () => void;
  /** The icon. */
  children: ReactNode;
}

/** A button that is only an icon: never without a name and a tooltip. */
export function IconButton({
  label,
  hint = label,
  pressed,
  small = false,
  disabled,
  className = '',
  ref,
  onPress,
  children,
}: Properties) {
  return (
    <button
      ref={ref}
      type="button"
      className={`icon-button${small ? ' small' : ''}${className && ` ${className}`}`}
      aria-pressed={pressed}
      aria-label={label}
      title={hint}
      disabled={disabled}
      onClick={onPress}
    >
      {children}
    </button>
  );
}
