import { CircleAlert, RotateCcw, X } from 'lucide-react';
import type { ReactNode } from 'react';
import type { ErrorReport } from '@/ipc';
import { t, wordsOf } from '../i18n';
import { tame } from '../text/tame';
import { Words } from './Words';

/** What failed and what to do, in the person's language where the code is known. */
export function ErrorText({ error }: { error: ErrorReport }) {
  const words = wordsOf(error);
  const [first, ...rest] = words.split('\n');
  const detail = [words === error.message ? '' : error.message, error.detail ?? ''].filter(Boolean).join('\n\n');
  return (
    <div className="error-text">
      <p>
        <Words text={first ?? ''} />
      </p>
      {rest.map((line) => (
        <p key={line} className="remedy">
          <Words text={line} />
        </p>
      ))}
      {detail && (
        <details>
          <summary>{t('error.detail')}</summary>
          <pre>{tame(detail)}</pre>
        </details>
      )}
    </div>
  );
}

/** A view that could not be loaded. */
export function ErrorState({ error, onRetry }: { error: ErrorReport; onRetry?: () => void }) {
  return (
    <div className="state-view" role="alert">
      <CircleAlert size={20} aria-hidden className="tone-red" />
      <ErrorText error={error} />
      {onRetry && (
        <button type="button" className="button" onClick={onRetry}>
          <RotateCcw size={16} aria-hidden />
          {t('action.retry')}
        </button>
      )}
    </div>
  );
}

interface EmptyProperties {
  icon: ReactNode;
  title: string;
  text?: string;
  children?: ReactNode;
}

/** A view with nothing in it yet, and what to do about that. */
export function EmptyState({ icon, title, text, children }: EmptyProperties) {
  return (
    <div className="state-view">
      <span className="state-icon" aria-hidden>
        {icon}
      </span>
      <h2>{title}</h2>
      {text && <p>{text}</p>}
      {children && <div className="row">{children}</div>}
    </div>
  );
}

interface ProgressProperties {
  label: string;
  done: number;
  /** 0 when it is not known. */
  total: number;
  onStop?: () => void;
  stopLabel?: string;
}

/** What is being done and how far, with a way to stop it. */
export function Progress({ label, done, total, onStop, stopLabel }: ProgressProperties) {
  return (
    <div className="progress">
      <div className="progress-line">
        <span>{label}</span>
        {onStop && (
          <button type="button" className="button quiet small" onClick={onStop}>
            <X size={14} aria-hidden />
            {stopLabel ?? t('action.stop')}
          </button>
        )}
      </div>
      {total > 0 ? <progress value={done} max={total} aria-label={label} /> : <progress aria-label={label} />}
    </div>
  );
}
