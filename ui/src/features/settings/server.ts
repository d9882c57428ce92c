import { create } from 'zustand';
import { backend, type ErrorReport, type Job, reportOf } from '@/ipc';
import { useSettings } from './store';

/** What the server of the settings said when it was asked for its models. */
type Said =
  | { type: 'unasked' }
  | { type: 'asking' }
  | { type: 'reached'; models: readonly string[] }
  | { type: 'unreached'; error: ErrorReport };

interface ServerState {
  said: Said;
  check: () => Promise<void>;
  /** Is asked no longer, and what it said is forgotten, such as where another server is meant. */
  stop: () => void;
}

export const useServer = create<ServerState>((set) => {
  let job: Job | null = null;
  let asked = 0;
  const stop = (): void => {
    asked += 1;
    job?.cancel();
    job = null;
    set({ said: { type: 'unasked' } });
  };
  return {
    said: { type: 'unasked' },
    check: async () => {
      stop();
      const mine = asked;
      const tell = (said: Said): void => {
        if (mine === asked) set({ said });
      };
      tell({ type: 'asking' });
      // The engine asks the server of the settings that it has.
      await useSettings.getState().saved();
      if (mine !== asked) return;
      try {
        job = backend().remoteModels((event) =>
          tell(
            event.type === 'done'
              ? { type: 'reached', models: event.models }
              : { type: 'unreached', error: event.error },
          ),
        );
        await job.finished;
      } catch (thrown) {
        tell({ type: 'unreached', error: reportOf(thrown) });
      }
    },
    stop,
  };
});
