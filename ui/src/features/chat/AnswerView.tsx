import { BookOpenText, CircleSlash, LibraryBig, Quote, TriangleAlert } from 'lucide-react';
import { memo, useCallback, useMemo } from 'react';
import { type Answer, backend, type CheckedSentence, type Citation, type Notice, type Source } from '@/ipc';
import { t, wordsOf } from '@/shared/i18n';
import { Markdown } from '@/shared/markdown/Markdown';
import { tame, tameName } from '@/shared/text/tame';
import { attempt } from '@/shared/ui/toasts';
import { plainWords, Words } from '@/shared/ui/Words';
import { CitationChip } from './CitationChip';
import { byNumber, citationAt, sourcesOf } from './citations';

function openLink(href: string): void {
  void attempt(() => backend().openLink(href));
}

interface BodyProperties {
  text: string;
  citations: readonly Citation[];
  checked: readonly CheckedSentence[];
  onOpen: (citation: Citation) => void;
}

/** The words of an answer with their citation chips and doubtful sentences marked. */
export const AnswerText = memo(function AnswerText({ text, citations, checked, onOpen }: BodyProperties) {
  const numbered = useMemo(() => byNumber(citations), [citations]);
  const sentences = useMemo(
    () => [...citations, ...checked].map(({ n, sentence, support }) => ({ sentence, support, cited: n > 0 })),
    [citations, checked],
  );
  const chip = useCallback(
    (n: number, before: string) => {
      const citation = citationAt(numbered, n, before);
      return citation && <CitationChip citation={citation} onOpen={onOpen} />;
    },
    [numbered, onOpen],
  );
  return <Markdown text={text} citation={chip} openLink={openLink} sentences={sentences} />;
});

/** The sources under an answer, one line each. */
export function CitationList({
  citations,
  onOpen,
}: {
  citations: readonly Citation[];
  onOpen: (citation: Citation) => void;
}) {
  const sources = useMemo(() => sourcesOf(citations), [citations]);
  if (sources.length === 0) return null;
  return (
    <ol className="citation-list" aria-label={t('chat.sources')}>
      {sources.map(({ n, first, support }) => (
        <li key={n}>
          <button type="button" className="citation-line" onClick={() => onOpen(first)}>
            <span className={`cite ${support}`} aria-hidden>
              {n}
            </span>
            <bdi className="clip">{tameName(first.title)}</bdi>
            <span className="quiet tabular">{t('source.page', { page: first.page })}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}

/** "Not in your documents", said plainly, with the passages that came nearest. */
export function NotFound({
  sources,
  onOpenSource,
  onAskAll,
}: {
  sources: readonly Source[];
  onOpenSource: (source: Source) => void;
  onAskAll?: () => void;
}) {
  return (
    <div className="not-found">
      <p className="not-found-title">
        <CircleSlash size={16} aria-hidden />
        {t('chat.not_found')}
      </p>
      <p className="quiet">{t('chat.not_found_text')}</p>
      {onAskAll && (
        <button type="button" className="button" onClick={onAskAll}>
          <LibraryBig size={16} aria-hidden />
          {t('chat.ask_all')}
        </button>
      )}
      {sources.length > 0 && (
        <>
          <h4>{t('chat.nearest')}</h4>
          <ul className="nearest">
            {sources.slice(0, 3).map((source) => (
              <li key={source.n}>
                <button type="button" className="nearest-passage" onClick={() => onOpenSource(source)}>
                  <span className="passage-place">
                    <bdi>{tameName(source.title)}</bdi> · {t('source.page', { page: source.page })}
                  </span>
                  <span dir="auto">{tame(source.text)}</span>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

/** What was degraded for this answer, each with its reason. */
export function Notices({ notices }: { notices: readonly Notice[] }) {
  return notices
    .filter(({ code }) => code !== CUT_OFF)
    .map((notice) => (
      <p key={notice.code} className="answer-mark tone-amber" title={plainWords(notice.message)}>
        <TriangleAlert size={16} aria-hidden />
        <NoticeWords notice={notice} />
      </p>
    ));
}

/** Why a process stopped writing: told where the words break off, and there alone. */
const CUT_OFF = 'answer_interrupted';

function NoticeWords({ notice }: { notice: Notice }) {
  const [first = '', ...rest] = wordsOf(notice).split('\n');
  return (
    <span>
      <Words text={first} />{' '}
      {rest.length > 0 && (
        <span className="quiet">
          <Words text={rest.join(' ')} />
        </span>
      )}
    </span>
  );
}

function Interrupted({ notices }: { notices: readonly Notice[] }) {
  // Not saved with the answer: of an earlier day's nothing more than that it happened is known.
  const cutOff = notices.find(({ code }) => code === CUT_OFF);
  return (
    <p className="answer-mark tone-red" {...(cutOff && { title: plainWords(cutOff.message) })}>
      <CircleSlash size={16} aria-hidden />
      {cutOff ? <NoticeWords notice={cutOff} /> : t('chat.finish.interrupted')}
    </p>
  );
}

/** Says how an answer came about when a model did not write it, or why it ended early. */
export function AnswerMarks({
  answer,
  uncited,
  notices,
}: {
  answer: Answer;
  uncited: readonly CheckedSentence[];
  notices: readonly Notice[];
}) {
  const doubted = [...answer.citations, ...uncited].filter(({ support }) => support !== 'supported');
  const doubtful = new Set(doubted.map(({ sentence }) => sentence)).size;
  return (
    <>
      {answer.mode === 'extractive' && (
        <p className="answer-mark">
          <Quote size={16} aria-hidden />
          {t('chat.extractive')}
        </p>
      )}
      {answer.finish === 'cancelled' && (
        <p className="answer-mark">
          <CircleSlash size={16} aria-hidden />
          {t('chat.finish.cancelled')}
        </p>
      )}
      {answer.finish === 'interrupted' && <Interrupted notices={notices} />}
      {answer.finish === 'length' && (
        <p className="answer-mark tone-amber">
          <BookOpenText size={16} aria-hidden />
          {t('chat.finish.length')}
        </p>
      )}
      {doubtful > 0 && (
        <p className="answer-mark tone-amber">
          <span aria-hidden className="mark-sign">
            ?
          </span>
          {t('chat.doubtful', { n: doubtful })}
        </p>
      )}
    </>
  );
}
