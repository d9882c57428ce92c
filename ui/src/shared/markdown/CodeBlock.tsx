import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { t } from '../i18n';
import { tame } from '../text/tame';
import { attempt } from '../ui/toasts';

/** Program text with a button that copies it. */
export function CodeBlock({ code, language }: { code: string; language: string }) {
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    void attempt(async () => {
      await navigator.clipboard.writeText(code);
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    });
  };
  return (
    <div className="code-block">
      <div className="code-head">
        <span>{language.slice(0, 20)}</span>
        <button type="button" className="button quiet small" onClick={copy}>
          {copied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
          {copied ? t('action.copied') : t('action.copy')}
        </button>
      </div>
      <pre tabIndex={0}>
        <code>{tame(code)}</code>
      </pre>
    </div>
  );
}
