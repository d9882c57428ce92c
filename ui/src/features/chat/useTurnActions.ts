import { useMemo } from 'react';
import { useChat } from './store';
import type { TurnActions } from './TurnView';

const chat = useChat.getState;

/** What can be done with the turns of a conversation: the same as long as it asks the same. */
export function useTurnActions({
  onOpen,
  onOpenSource,
  onWhy,
}: Pick<TurnActions, 'onOpen' | 'onOpenSource' | 'onWhy'>): TurnActions {
  const narrowed = useChat((state) => state.scope.kind !== 'all');
  return useMemo(
    () => ({
      onOpen,
      onOpenSource,
      onWhy,
      onEdit: (turn) => chat().edit(turn),
      onRegenerate: (turn) => void chat().askAgain(turn),
      onAskEach: (turn) => void chat().askAgain(turn, true),
      ...(narrowed && {
        onAskAll: () => {
          chat().setScope({ kind: 'all' });
          void chat().askAgain(chat().turns.length - 1);
        },
      }),
    }),
    [onOpen, onOpenSource, onWhy, narrowed],
  );
}
