import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown } from 'lucide-react';
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useShallow } from 'zustand/react/shallow';
import type { Citation, Source } from '@/ipc';
import { t } from '@/shared/i18n';
import { useInSteps } from '@/shared/ui/useInSteps';
import { RunningTurn } from './RunningTurn';
import { isAnswering } from './state';
import { useChat } from './store';
import { TurnView } from './TurnView';
import { useFound } from './useFound';
import { useHeld } from './useHeld';
import { useTurnActions } from './useTurnActions';

interface Properties {
  onOpen: (citation: Citation, all: readonly Citation[]) => void;
  onOpenSource: (source: Source) => void;
  onWhy: (turn: number) => void;
}

const chat = useChat.getState;

/** Closer to the end than this counts as being there. */
const NEAR_END = 48;

/** The conversation. Only turns in sight are drawn; the view follows an answer only while it is at the bottom. */
export function Transcript({ onOpen, onOpenSource, onWhy }: Properties) {
  const { id, turns, running, few } = useChat(
    useShallow(({ id, turns, running, few }) => ({ id, turns, running, few })),
  );
  const busy = useChat(isAnswering);
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  // Where the view was last seen or put: a scroll event arrives a frame after the reader has moved, and a new word may come between.
  const lastTop = useRef(0);
  const [away, setAway] = useState(false);
  const amount = turns.length + (running ? 1 : 0);
  const virtual = useVirtualizer({
    count: amount,
    getScrollElement: () => scroller.current,
    estimateSize: () => 320,
    overscan: 1,
    // Opened at its end: nothing of its beginning is drawn first.
    initialOffset: Number.MAX_SAFE_INTEGER,
    getItemKey: (index) => `${id ?? 'new'}.${index}`,
  });

  // A task draws two turns at most: a long answer with tables takes ten milliseconds, and the window must not stand still.
  const items = useInSteps(virtual.getVirtualItems(), 2);

  const toEnd = (): void => {
    const element = scroller.current;
    if (!element) return;
    element.scrollTop = element.scrollHeight;
    lastTop.current = element.scrollTop;
  };
  const held = useHeld(scroller);
  /** True where what was pressed stays where it is, whatever else moves. */
  const isHeld = useCallback((): boolean => {
    const element = scroller.current;
    if (!element || !held.keep()) return false;
    lastTop.current = element.scrollTop;
    atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 2;
    return true;
  }, [held]);
  const size = virtual.getTotalSize();
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs whenever the content grew
  useLayoutEffect(() => {
    if (isHeld()) return;
    const movedUp = (scroller.current?.scrollTop ?? 0) < lastTop.current - 1;
    if (atEnd.current && !movedUp) toEnd();
  }, [size, running, amount]);
  // The field below grew, or the window shrank: who is at the end stays there.
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      if (isHeld() || !atEnd.current) return;
      element.scrollTop = element.scrollHeight;
      lastTop.current = element.scrollTop;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [isHeld]);
  useFound(scroller, (turn) => {
    atEnd.current = false;
    virtual.scrollToIndex(turn, { align: 'center' });
  });
  // Kept when the answer is complete: that is no new question, and must not move what is being read.
  const asked = useRef(0);
  if (running) asked.current = running.startedAt;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another conversation, or a question just asked, starts at its end
  useEffect(() => {
    atEnd.current = true;
    setAway(false);
    toEnd();
  }, [id, asked.current]);

  const actions = useTurnActions({ onOpen, onOpenSource, onWhy });
  return (
    <div className="transcript-frame">
      <section
        ref={scroller}
        className="transcript"
        tabIndex={0}
        aria-label={t('chat.transcript')}
        onClickCapture={(event) => held.hold(event.target)}
        onWheel={held.release}
        onScroll={(event) => {
          const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
          const left = scrollHeight - scrollTop - clientHeight;
          // However little a reader goes up, the view stops following; only coming near the end again takes it up.
          if (scrollTop < lastTop.current - 1) atEnd.current = left < 2;
          else if (left < NEAR_END) atEnd.current = true;
          lastTop.current = scrollTop;
          if (away === atEnd.current) setAway(!atEnd.current);
        }}
      >
        <div className="transcript-space" style={{ height: size }}>
          {items.map((item) => {
            const turn = turns[item.index];
            return (
              <div
                key={item.key}
                data-index={item.index}
                ref={virtual.measureElement}
                className="transcript-item"
                style={{ transform: `translateY(${item.start}px)` }}
              >
                {turn ? (
                  <TurnView
                    turn={turn}
                    index={item.index}
                    last={item.index === amount - 1}
                    busy={busy && item.index === amount - 1}
                    few={turn === few && item.index === amount - 1}
                    actions={actions}
                  />
                ) : (
                  running && (
                    <RunningTurn
                      running={running}
                      onOpen={onOpen}
                      onStop={chat().stop}
                      onRetry={() => void chat().ask(running.question, running.replace, running.each)}
                    />
                  )
                )}
              </div>
            );
          })}
        </div>
      </section>
      <p className="visually-hidden" role="status">
        {/* What failed is said where it stands. */}
        {running ? !running.error && t('chat.writing') : amount > 0 && t('chat.ready')}
      </p>
      {away && (
        <button
          type="button"
          className="to-end button"
          onClick={() => {
            atEnd.current = true;
            setAway(false);
            toEnd();
          }}
        >
          <ArrowDown size={16} aria-hidden />
          {t('chat.to_end')}
        </button>
      )}
    </div>
  );
}
