import { create } from 'zustand';
import { backend, type CheckedEvidence, type ErrorReport, type EvidenceEvent, type Job } from '@/ipc';
import { attempt } from '@/shared/ui/toasts';

interface EvidenceState {
  result: CheckedEvidence | null;
  /** Documents looked up, of how many. */
  progress: { done: number; total: number } | null;
  error: ErrorReport | null;
  /** Asks for a file and looks up what it cites. */
  choose: () => Promise<void>;
  /** Looks up what a file cites, in place of what is being looked up. */
  open: (path: string) => Promise<void>;
  /** Asks where the documents are now, and looks there too. */
  lookIn: () => Promise<void>;
  again: () => Promise<void>;
  stop: () => void;
}

export const useEvidence = create<EvidenceState>((set, get) => {
  let running: Job | null = null;
  let checking: Promise<void> = Promise.resolve();
  /** What was opened last. */
  let opened: string | null = null;
  let path: string | null = null;
  let folder: string | null = null;

  async function check(): Promise<void> {
    if (path === null || get().progress) return;
    checking = lookUp();
    await checking;
  }

  async function lookUp(): Promise<void> {
    set({ progress: { done: 0, total: 0 }, error: null });
    await attempt(async () => {
      running = backend().checkEvidence(path ?? '', folder, (event: EvidenceEvent) => {
        if (event.type === 'progress') set({ progress: { done: event.done, total: event.total } });
        else if (event.type === 'done') set({ result: event.result });
        else if (event.error.code !== 'cancelled') set({ error: event.error, result: null });
      });
      await running.finished;
    });
    running = null;
    set({ progress: null });
  }

  async function pick(kind: 'evidence' | 'folder'): Promise<string | undefined> {
    return (await attempt(() => backend().pick(kind)))?.[0];
  }

  return {
    result: null,
    progress: null,
    error: null,
    choose: async () => {
      const chosen = await pick('evidence');
      if (chosen === undefined || get().progress) return;
      path = chosen;
      folder = null;
      set({ result: null });
      await check();
    },
    open: async (chosen) => {
      opened = chosen;
      while (get().progress) {
        running?.cancel();
        await checking;
      }
      // Another one was opened meanwhile.
      if (opened !== chosen) return;
      path = chosen;
      folder = null;
      set({ result: null });
      await check();
    },
    lookIn: async () => {
      const chosen = await pick('folder');
      if (chosen === undefined) return;
      folder = chosen;
      await check();
    },
    again: check,
    stop: () => running?.cancel(),
  };
});
