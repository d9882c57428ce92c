import { RotateCcw, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import { t } from '@/shared/i18n';
import { ErrorText } from '@/shared/ui/states';
import { useLate } from '@/shared/ui/useLate';
import { useLibrary } from './store';

/** The list could not be read again, and its rows are of before: why, and the way to new ones. */
export function StaleBanner() {
  const { total, error, reload } = useLibrary();
  const [trying, setTrying] = useState(false);
  const late = useLate(trying);
  if (!error || total === null) return null;
  const tryAgain = async (): Promise<void> => {
    setTrying(true);
    await reload();
    setTrying(false);
  };
  return (
    <div className="stale-banner" role="alert">
      <TriangleAlert size={16} aria-hidden className="tone-amber" />
      <div>
        <p>{t('library.stale')}</p>
        <ErrorText error={error} />
      </div>
      <button type="button" className="button small" onClick={() => void tryAgain()}>
        <RotateCcw size={14} aria-hidden />
        {t(late ? 'library.loading' : 'action.try_again')}
      </button>
    </div>
  );
}
