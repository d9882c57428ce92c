import { create } from 'zustand';
import {
  type BenchmarkEvent,
  type BenchRow,
  type BenchRun,
  backend,
  type ErrorReport,
  type Job,
  type OptimizationRow,
  type PromisesEvent,
  reportOf,
  type Stop,
  type Telemetry,
} from '@/ipc';
import { t } from '@/shared/i18n';
import { announce } from '@/shared/ui/toasts';

/** So much is kept for the plots: a minute. */
export const KEPT_MS = 60_000;

interface PerformanceState {
  latest: Telemetry | null;
  history: readonly Telemetry[];
  runs: BenchRun[] | null;
  runsError: ErrorReport | null;
  progress: { profile: string; stage: string; done: number; total: number } | null;
  current: BenchRow[];
  benchmarkError: ErrorReport | null;
  promises: OptimizationRow[] | null;
  /** Listens to the machine; only while someone looks or work is done. */
  listen: () => Stop;
  loadRuns: () => Promise<void>;
  runBenchmark: (profiles: string[]) => Promise<void>;
  runPromises: () => Promise<void>;
  stopBenchmark: () => void;
}

export const usePerformance = create<PerformanceState>((set, get) => {
  let job: Job | null = null;
  const onBenchmark = (event: BenchmarkEvent | PromisesEvent): void => {
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
        set(
          'rows' in event
            ? { progress: null, promises: event.rows }
            : { progress: null, runs: [event.run, ...(get().runs ?? [])], current: [] },
        );
        break;
      case 'failed':
        // Stopped by the person who started it: nothing has failed.
        set({ progress: null, current: [], benchmarkError: event.error.code === 'cancelled' ? null : event.error });
        if (event.error.code === 'cancelled') announce(t('benchmark.stopped'));
    }
  };
  /** One at a time: two would measure each other. */
  const measure = async (profile: string, start: () => Job): Promise<void> => {
    if (get().progress) return;
    set({ current: [], benchmarkError: null, progress: { profile, stage: 'loading_model', done: 0, total: 0 } });
    job = start();
    try {
      await job.finished;
    } catch (thrown) {
      set({ progress: null, benchmarkError: reportOf(thrown) });
    }
    job = null;
  };
  return {
    latest: null,
    history: [],
    runs: null,
    runsError: null,
    progress: null,
    current: [],
    benchmarkError: null,
    promises: null,
    listen: () =>
      backend().telemetry((latest) => {
        const oldest = (latest.at_ms ?? 0) - KEPT_MS;
        set({ latest, history: [...get().history.filter((each) => (each.at_ms ?? 0) > oldest), latest] });
      }),
    loadRuns: async () => {
      try {
        set({ runs: await backend().benchmarkHistory(), runsError: null });
      } catch (thrown) {
        set({ runsError: reportOf(thrown) });
      }
    },
    runBenchmark: (profiles) => measure(profiles[0] ?? '', () => backend().benchmark(profiles, onBenchmark)),
    runPromises: () => measure('reference', () => backend().promises(onBenchmark)),
    stopBenchmark: () => job?.cancel(),
  };
});
