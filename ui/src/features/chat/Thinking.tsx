import { Brain } from 'lucide-react';
import { t } from '@/shared/i18n';
import { milliseconds } from '@/shared/text/format';
import { tame } from '@/shared/text/tame';

/** What a model thought before it wrote: closed unless someone wants to know. Plain text, never rendered. */
export function Thinking({ text, ms, running }: { text: string; ms: number | null; running: boolean }) {
  if (!text) return null;
  const label = running
    ? t('chat.thinking')
    : ms === null
      ? t('chat.thought')
      : t('chat.thought_for', { time: milliseconds(ms) });
  return (
    <details className="thinking">
      <summary>
        <Brain size={16} aria-hidden />
        {label}
      </summary>
      <p dir="auto">{tame(text)}</p>
    </details>
  );
}
