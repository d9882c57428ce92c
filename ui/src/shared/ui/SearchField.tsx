import { Search } from 'lucide-react';
import { isComposing } from './composing';

interface Properties {
  label: string;
  value: string;
  onChange: (value: string) => void;
  className?: string;
}

/** Where a list is searched. Escape empties it. */
export function SearchField({ label, value, onChange, className = '' }: Properties) {
  return (
    <label className={`search-field ${className}`}>
      <Search size={16} aria-hidden />
      <span className="visually-hidden">{label}</span>
      <input
        type="search"
        placeholder={label}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape' || value === '' || isComposing(event)) return;
          event.stopPropagation();
          event.preventDefault();
          onChange('');
        }}
      />
    </label>
  );
}
