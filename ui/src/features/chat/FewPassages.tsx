import { ListChecks } from 'lucide-react';
import { t } from '@/shared/i18n';

/** Everything was asked for, and a few passages answer: other documents may say more. */
export function FewPassages({ busy, onAskEach }: { busy: boolean; onAskEach: () => void }) {
  return (
    <p className="answer-mark">
      <ListChecks size={16} aria-hidden />
      {t('chat.few')}
      <button type="button" className="button small" disabled={busy} onClick={onAskEach}>
        {t('chat.ask_each')}
      </button>
    </p>
  );
}
