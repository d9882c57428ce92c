import { ChevronDown, ChevronUp, X } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { t } from '../i18n';
import { isComposing } from './composing';
import { IconButton } from './IconButton';

interface Properties {
  /** Where is searched. */
  label: string;
  query: string;
  /** How many places were found, and which of them is shown, from 0. */
  found: number;
  at: number;
  /** No more than so many are looked for: there may be others. */
  most?: number;
  /** The search is under way. */
  finding?: boolean;
  onFind: (query: string) => void;
  onStep: (by: 1 | -1) => void;
  onClose: () => void;
}

/** Fewer letters are found everywhere. */
export const FIND_FROM = 2;

function status({ query, finding, found, at, most = Infinity }: Properties): string {
  if (query.trim().length < FIND_FROM) return '';
  if (finding) return t('find.finding');
  if (found === 0) return t('find.none');
  return t(found < most ? 'find.found' : 'find.found_most', { at: at + 1, n: found });
}

/** A bar that searches in what is open: Enter goes to the next place, Shift+Enter to the one before, Escape closes it. */
export function FindField(properties: Properties) {
  const { label, query, found, onFind, onStep, onClose } = properties;
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    input.current?.focus();
    input.current?.select();
    return () => {
      if (before instanceof HTMLElement && document.activeElement === document.body) before.focus();
    };
  }, []);
  return (
    <search className="find-bar">
      <input
        ref={input}
        type="search"
        className="field"
        aria-label={label}
        placeholder={label}
        value={query}
        onChange={(event) => onFind(event.target.value)}
        onKeyDown={(event) => {
          if (isComposing(event)) return;
          if (event.key === 'Enter') onStep(event.shiftKey ? -1 : 1);
          else if (event.key === 'Escape') onClose();
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      <span className="small quiet tabular" role="status">
        {status(properties)}
      </span>
      <IconButton
        label={t('find.previous')}
        hint={`${t('find.previous')} (${t('key.shift')}+Enter)`}
        disabled={found === 0}
        onPress={() => onStep(-1)}
      >
        <ChevronUp size={16} aria-hidden />
      </IconButton>
      <IconButton
        label={t('find.next')}
        hint={`${t('find.next')} (Enter)`}
        disabled={found === 0}
        onPress={() => onStep(1)}
      >
        <ChevronDown size={16} aria-hidden />
      </IconButton>
      <IconButton label={t('find.close')} hint={`${t('find.close')} (Esc)`} onPress={onClose}>
        <X size={16} aria-hidden />
      </IconButton>
    </search>
  );
}
