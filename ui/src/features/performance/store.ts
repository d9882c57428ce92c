import { create } from 'zustand';
import {
  type BenchmarkEvent,
  type BenchRow,
  type BenchRun,
  backend,
  type ErrorReport,
  type Job,
  reportOf,
  type Stop,
  type Telemetry,
} from '@/ipc';

/** A minute at two readings a second. */
const KEPT = 120;

interface PerformanceState {
  latest: Telemetry | null;
  history: readonly Telemetry[];
  runs: BenchRun[] | null;
  runsError: ErrorReport | null;
  progress: { profile: string; stage: string; done: number; total: number } | null;
  current: BenchRow[];
  benchmarkError: ErrorReport | null;
  /** Listens to the machine; only while someone looks or work is done. */
  listen: () => Stop;
  loadRuns: () => Promise<void>;
  runBenchmark: (profiles: string[]) => Promise<void>;
  stopBenchmark: () => void;
}

export const usePerformance = create<PerformanceState>((set, get) => {
  let job: Job | null = null;
  const onBenchmark = (event: BenchmarkEvent): void => {
    switch (event.type) {
      case 'progress': {
        const { type: _, ...progress } = event;
        set({ progress });
        break;
      }
      case 'row':
        set({ current: [...get().current, event.row] });
        break;
      case 'done':
        set({ progress: null, runs: [event.run, ...(get().runs ?? [])], current: [] });
        break;
      case 'failed':
        set({ progress: null, current: [], benchmarkError: event.error });
    }
  };
  return {
    latest: null,
    history: [],
    runs: null,
    runsError: null,
    progress: null,
    current: [],
    benchmarkError: null,
    listen: () => backend().telemetry((latest) => set({ latest, history: [...get().history, latest].slice(-KEPT) })),
    loadRuns: async () => {
      try {
        set({ runs: await backend().benchmarkHistory(), runsError: null });
      } catch (thrown) {
        set({ runsError: reportOf(thrown) });
      }
    },
    runBenchmark: async (profiles) => {
      if (get().progress) return;
      set({
        current: [],
        benchmarkError: null,
        progress: { profile: profiles[0] ?? '', stage: 'loading_model', done: 0, total: 0 },
      });
      job = backend().benchmark(profiles, onBenchmark);
      try {
        await job.finished;
      } catch (thrown) {
        set({ progress: null, benchmarkError: reportOf(thrown) });
      }
      job = null;
    },
    stopBenchmark: () => job?.cancel(),
  };
});
