import { BookOpenText, CircleSlash, LibraryBig, Quote, TriangleAlert } from 'lucide-react';
import type { Answer, CheckedSentence, Notice } from '@/ipc';
import { t, wordsOf } from '@/shared/i18n';
import { plainWords, Words } from '@/shared/ui/Words';
import { covered } from './covered';

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
      {answer.coverage && (
        <p className="answer-mark" title={t('chat.each_text')}>
          <LibraryBig size={16} aria-hidden />
          {covered(answer.coverage)}
        </p>
      )}
      {answer.mode === 'extractive' && !answer.coverage && (
        <p className="answer-mark">
          <Quote size={16} aria-hidden />
          {t('chat.extractive')}
        </p>
      )}
      {answer.mode === 'listed' && (
        <p className="answer-mark">
          <LibraryBig size={16} aria-hidden />
          {t('chat.listed')}
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
