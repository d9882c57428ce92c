import { CircleAlert, CircleCheck, CircleHelp, FileSearch, FolderSearch, ShieldCheck } from 'lucide-react';
import type { Checked, CheckedEvidence, Verdict } from '@/ipc';
import { t, wordsOf } from '@/shared/i18n';
import { tame, tameName } from '@/shared/text/tame';
import { Page } from '@/shared/ui/Page';
import { EmptyState, ErrorState, Progress } from '@/shared/ui/states';
import { Words } from '@/shared/ui/Words';
import { useEvidence } from './store';

const MARKS: Record<Verdict, { Mark: typeof CircleCheck; tone: string }> = {
  proven: { Mark: CircleCheck, tone: 'tone-green' },
  changed: { Mark: CircleHelp, tone: 'tone-amber' },
  unread: { Mark: CircleHelp, tone: 'tone-amber' },
  gone: { Mark: CircleAlert, tone: 'tone-red' },
  contradicted: { Mark: CircleAlert, tone: 'tone-red' },
  missing: { Mark: CircleAlert, tone: 'tone-red' },
};

/** What lies behind a verdict. */
function explained({ verdict, found, found_page, passage, error }: Checked): string {
  if (verdict === 'unread' && error) return wordsOf(error).split('\n')[0] ?? '';
  return t(`evidence.why.${verdict}`, {
    path: tameName(found ?? passage.path),
    page: found_page ?? passage.page,
  });
}

function Passage({ checked }: { checked: Checked }) {
  const { verdict, passage } = checked;
  const { Mark, tone } = MARKS[verdict];
  return (
    <li className="evidence-passage">
      <p className="evidence-verdict">
        <Mark size={16} aria-hidden className={tone} />
        <strong>{t(`evidence.${verdict}`)}</strong>
        <span className="clip">
          [{passage.n}] <bdi>{tameName(passage.title)}</bdi>, {t('source.page', { page: passage.page })}
        </span>
      </p>
      <blockquote dir="auto">{tame(passage.quote)}</blockquote>
      {verdict !== 'proven' && (
        <p className="small quiet">
          <Words text={explained(checked)} />
        </p>
      )}
    </li>
  );
}

function Found({ evidence, checked }: CheckedEvidence) {
  return (
    <>
      {evidence.turns.map((turn, index) => {
        const passages = checked.filter((each) => each.turn === index + 1);
        return (
          <section key={index} className="evidence-turn">
            <h2 dir="auto">{tame(turn.question)}</h2>
            <p className="evidence-answer" dir="auto">
              {tame(turn.answer)}
            </p>
            {passages.length === 0 ? (
              <p className="quiet">{t('evidence.uncited')}</p>
            ) : (
              <ul>
                {passages.map((each, position) => (
                  <Passage key={position} checked={each} />
                ))}
              </ul>
            )}
          </section>
        );
      })}
    </>
  );
}

/** What somebody's conversation rests on, looked up again in the files. */
export function EvidencePage() {
  const { result, progress, error, choose, lookIn, again, stop } = useEvidence();
  const proven = result?.checked.filter((each) => each.verdict === 'proven').length ?? 0;
  const all = result?.checked.length ?? 0;
  const chooser = (
    <button type="button" className={result ? 'button' : 'button primary'} onClick={() => void choose()}>
      <FileSearch size={16} aria-hidden />
      {t('evidence.choose')}
    </button>
  );
  return (
    <Page id="evidence" title={t('evidence.title')}>
      {!result && !progress && !error && (
        <EmptyState icon={<ShieldCheck size={24} />} title={t('evidence.none')} text={t('evidence.none_text')}>
          {chooser}
        </EmptyState>
      )}
      {error && (
        <>
          <ErrorState error={error} onRetry={() => void again()} />
          <div className="row">{chooser}</div>
        </>
      )}
      {progress && (
        <Progress
          label={t('evidence.looking', { done: progress.done, total: progress.total })}
          done={progress.done}
          total={progress.total}
          onStop={stop}
        />
      )}
      {result && (
        <>
          <div className="evidence-head">
            <p role="status">
              <strong>
                <bdi>{tameName(result.evidence.title)}</bdi>
              </strong>
              : {t('evidence.proven_of', { done: proven, n: all })}
            </p>
            {!progress && (
              <div className="row">
                {proven < all && (
                  <button type="button" className="button" onClick={() => void lookIn()}>
                    <FolderSearch size={16} aria-hidden />
                    {t('evidence.look_in')}
                  </button>
                )}
                {chooser}
              </div>
            )}
          </div>
          <Found {...result} />
        </>
      )}
    </Page>
  );
}
