import { Copy, CopyPlus, Lightbulb, Pencil, RotateCcw } from 'lucide-react';
import { memo, type ReactNode, useMemo } from 'react';
import type { Citation, Source, Turn } from '@/ipc';
import { type MessageKey, t } from '@/shared/i18n';
import { count, decimal, milliseconds } from '@/shared/text/format';
import { tame } from '@/shared/text/tame';
import { copyText } from '@/shared/ui/copyText';
import { IconButton } from '@/shared/ui/IconButton';
import { AnswerMarks, Notices } from './AnswerMarks';
import { AnswerText } from './AnswerText';
import { CitationList } from './CitationList';
import { withSources } from './copy';
import { FewPassages } from './FewPassages';
import { NotFound } from './NotFound';
import { toldOf, uncitedOf } from './running';
import { Thinking } from './Thinking';

export interface TurnActions {
  onOpen: (citation: Citation, all: readonly Citation[]) => void;
  onOpenSource: (source: Source) => void;
  onRegenerate: (turn: number) => void;
  onEdit: (turn: number) => void;
  onWhy: (turn: number) => void;
  /** Asks the question of a turn again, of each document by itself. */
  onAskEach: (turn: number) => void;
  /** Asks the last question again of all documents; absent where all were asked. */
  onAskAll?: () => void;
}

interface ActionProperties {
  icon: ReactNode;
  label: MessageKey;
  disabled?: boolean;
  onPress: () => void;
}

function Action({ icon, label, disabled = false, onPress }: ActionProperties) {
  return (
    <IconButton label={t(label)} disabled={disabled} onPress={onPress}>
      {icon}
    </IconButton>
  );
}

interface Properties {
  turn: Turn;
  index: number;
  last: boolean;
  /** An answer is being written, here or elsewhere: no other is begun. */
  busy: boolean;
  /** A few passages answer, though everything was asked for. */
  few: boolean;
  actions: TurnActions;
}

/** One question with its finished answer. */
export const TurnView = memo(function TurnView({ turn, index, last, busy, few, actions }: Properties) {
  const { answer } = turn;
  const told = toldOf(turn);
  const open = (citation: Citation): void => actions.onOpen(citation, answer.citations);
  return (
    <article className="turn" aria-label={t('chat.turn', { n: String(index + 1) })}>
      <h3 className="question" dir="auto">
        {tame(turn.question)}
      </h3>
      {turn.standalone && (
        <p className="standalone small quiet" dir="auto">
          {t('chat.standalone', { query: tame(turn.standalone) })}
        </p>
      )}
      <Notices notices={told.notices} />
      {answer.thinking && <Thinking text={answer.thinking} ms={told.thinkingMs} running={false} />}
      {answer.mode === 'not_found' ? (
        <NotFound
          sources={turn.sources}
          coverage={answer.coverage ?? undefined}
          busy={busy}
          onOpenSource={actions.onOpenSource}
          {...(last && actions.onAskAll && { onAskAll: actions.onAskAll })}
        />
      ) : (
        <>
          <StableAnswer turn={turn} onOpen={actions.onOpen} />
          <AnswerMarks answer={answer} uncited={uncitedOf(turn)} notices={told.notices} />
          {few && <FewPassages busy={busy} onAskEach={() => actions.onAskEach(index)} />}
          <CitationList citations={answer.citations} onOpen={open} />
        </>
      )}
      <div className={last ? 'turn-actions shown' : 'turn-actions'}>
        {answer.text && <Action icon={<Copy size={16} />} label="action.copy" onPress={() => copyText(answer.text)} />}
        {answer.citations.length > 0 && (
          <Action
            icon={<CopyPlus size={16} />}
            label="chat.copy_sources"
            onPress={() => copyText(withSources(answer))}
          />
        )}
        {/* An earlier answer is written again by its question, which says that what follows is replaced. */}
        {last && (
          <Action
            icon={<RotateCcw size={16} />}
            label="chat.regenerate"
            disabled={busy}
            onPress={() => actions.onRegenerate(index)}
          />
        )}
        <Action icon={<Pencil size={16} />} label="chat.edit" onPress={() => actions.onEdit(index)} />
        <button type="button" className="button quiet small" onClick={() => actions.onWhy(index)}>
          <Lightbulb size={14} aria-hidden />
          {t('chat.why')}
        </button>
        {answer.stats && (
          <span
            className="turn-stats small quiet tabular"
            title={t('chat.stats_title', {
              prompt: count(answer.stats.prompt_tokens),
              reused: count(answer.stats.reused_tokens),
              output: count(answer.stats.output_tokens),
            })}
          >
            {t('chat.stats', { ttft: milliseconds(answer.stats.ttft_ms), speed: decimal(answer.stats.decode_tps) })}
          </span>
        )}
      </div>
    </article>
  );
});

const StableAnswer = memo(function StableAnswer({ turn, onOpen }: { turn: Turn; onOpen: TurnActions['onOpen'] }) {
  const { text, citations } = turn.answer;
  const sentences = useMemo(() => [...citations, ...uncitedOf(turn)], [citations, turn]);
  return (
    <AnswerText
      text={text}
      citations={citations}
      sentences={sentences}
      onOpen={(citation) => onOpen(citation, citations)}
    />
  );
});
