import { CircleCheck, FileText, FolderPlus, Lock } from 'lucide-react';
import { useLibrary } from '@/features/library/store';
import { Adding } from '@/features/models/Adding';
import { MachineLine } from '@/features/models/ModelsPage';
import { useModels } from '@/features/models/store';
import { useSettings } from '@/features/settings/store';
import { t } from '@/shared/i18n';
import { memory } from '@/shared/text/format';
import { tameName } from '@/shared/text/tame';
import { ErrorText } from '@/shared/ui/states';
import { Mark } from './Mark';

/** The first screen: what this is, documents to try, a model or "later". Nothing here is a dead end. */
export function FirstStart() {
  const { models, error, adding, add } = useModels();
  const documents = useLibrary((state) => state.summary?.documents ?? 0);
  const { addSamples, pick } = useLibrary();
  const finish = (): void => void useSettings.getState().change({ welcomed: true });
  const chosen = models?.find((model) => model.active);
  return (
    <main className="first-start">
      <div className="first-card">
        <Mark size={48} />
        <h1>{t('first.title')}</h1>
        <p className="lead">{t('first.text')}</p>
        <p className="private">
          <Lock size={16} aria-hidden />
          {t('first.private')}
        </p>
        <section>
          <h2>1. {t('first.documents')}</h2>
          <p className="quiet">{t('first.documents_text')}</p>
          <div className="row">
            <button type="button" className="button" onClick={() => void addSamples()}>
              <FileText size={16} aria-hidden />
              {t('library.add_samples')}
            </button>
            <button type="button" className="button" onClick={() => void pick('folder')}>
              <FolderPlus size={16} aria-hidden />
              {t('library.add_folder')}
            </button>
            {documents > 0 && (
              <span className="in-use" role="status">
                <CircleCheck size={16} aria-hidden />
                {t('first.added', { n: documents })}
              </span>
            )}
          </div>
        </section>
        <section>
          <h2>2. {t('first.model')}</h2>
          <p className="quiet">{t('first.model_text')}</p>
          <MachineLine />
          {error && <ErrorText error={error} />}
          {!models && !error && (
            <p className="quiet" role="status">
              {t('models.loading')}
            </p>
          )}
          <div className="row">
            <button type="button" className="button" disabled={adding !== null} onClick={() => void add()}>
              <FolderPlus size={16} aria-hidden />
              {t('models.add')}
            </button>
            {chosen ? (
              <span className="in-use" role="status">
                <CircleCheck size={16} aria-hidden />
                <bdi>{tameName(chosen.card?.name ?? chosen.name)}</bdi> ·{' '}
                {t('models.needs', { size: memory(chosen.needed_mib) })}
              </span>
            ) : (
              <span className="quiet">{t('first.later')}</span>
            )}
          </div>
          <Adding />
        </section>
        <button type="button" className="button primary large" onClick={finish}>
          {t('first.start')}
        </button>
      </div>
    </main>
  );
}
