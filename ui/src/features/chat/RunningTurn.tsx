import { Quote, RotateCcw } from 'lucide-react';
import { useCallback, useMemo } from 'react';
import type { Citation } from '@/ipc';
import { maybe, t } from '@/shared/i18n';
import { percent } from '@/shared/text/format';
import { tame } from '@/shared/text/tame';
import { ErrorText, Progress } from '@/shared/ui/states';
import { Notices } from './AnswerMarks';
import { AnswerText } from './AnswerText';
import { citationsSoFar, type Running } from './running';
import { Thinking } from './Thinking';

interface Properties {
  running: Running;
  onOpen: (citation: Citation, all: readonly Citation[]) => void;
  onStop: () => void;
  onRetry: () => void;
}

function stageLabel(stage: NonNullable<Running['stage']>): string {
  const values = {
    done: stage.done,
    total: stage.total,
    percent: stage.total > 0 ? percent(stage.done / stage.total) : '',
  };
  const key = `stage.${stage.name}`;
  return (stage.total > 0 ? maybe(`${key}_of`, values) : null) ?? maybe(key, values) ?? stage.name;
}

/** The answer being written: first what is done, then the documents' own sentences, then the model's. */
export function RunningTurn({ running, onOpen, onStop, onRetry }: Properties) {
  const { checked, sources } = running;
  const citations = useMemo(() => citationsSoFar({ checked, sources }), [checked, sources]);
  const open = useCallback((citation: Citation) => onOpen(citation, citations), [onOpen, citations]);
  const extract = running.text === '' && running.error === null ? running.extract : null;
  return (
    <article className="turn" aria-busy={running.error === null}>
      <h3 className="question" dir="auto">
        {tame(running.question)}
      </h3>
      {running.standalone && (
        <p className="standalone small quiet" dir="auto">
          {t('chat.standalone', { query: tame(running.standalone) })}
        </p>
      )}
      {running.stage && running.text === '' && running.error === null && (
        <Progress
          label={stageLabel(running.stage)}
          done={running.stage.done}
          total={running.stage.total}
          onStop={onStop}
        />
      )}
      <Notices notices={running.notices} />
      <Thinking
        text={running.thinking}
        ms={running.thinkingMs}
        running={running.text === '' && running.error === null}
      />
      {extract && (
        <div className="meanwhile">
          <p className="answer-mark">
            <Quote size={16} aria-hidden />
            {t('chat.meanwhile')}
          </p>
          <AnswerText
            text={extract.text}
            citations={extract.citations}
            sentences={extract.citations}
            onOpen={(citation) => onOpen(citation, extract.citations)}
          />
        </div>
      )}
      {running.text !== '' && (
        <AnswerText text={running.text} citations={citations} sentences={checked} onOpen={open} />
      )}
      {running.error && (
        <div className="turn-error" role="alert">
          <ErrorText error={running.error} />
          <button type="button" className="button" onClick={onRetry}>
            <RotateCcw size={16} aria-hidden />
            {t('chat.ask_again')}
          </button>
        </div>
      )}
    </article>
  );
}
