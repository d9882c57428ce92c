import type {
  BenchmarkEvent,
  Job,
  ModelEntry,
  ProfilePlan,
  PromisesEvent,
  RebuildEvent,
  ServerEvent,
  Stop,
  StoreEvent,
  SwitchEvent,
} from '../backend';
import { profilePlan, totalOf } from '../plan';
import type {
  BenchRow,
  BenchRun,
  HardwareInventory,
  IngestProgress,
  Profile,
  RemoteContext,
  Settings,
  Telemetry,
  Traffic,
} from '../types';
import { report } from './library';
import { ALL_LAYERS_FIT, benchRows, modelEntries, PROFILES, planned, predicted, promisedRows } from './plans';
import { wait } from './random';

export const DEFAULTS: Settings = {
  backend: 'embedded',
  remote_url: '',
  remote_model: '',
  remote_api_key: null,
  remote_context_tokens: 0,
  reranker: null,
  rerank_budget_ms: 400,
  profile: 'balanced',
  model: '/home/ada/Models/Qwen3-4B-Q4_K_M.gguf',
  embedder: 'all-MiniLM-L6-v2',
  embedder_precision: null,
  thinking: false,
  first_token_target_s: 10,
  source_tokens: 4096,
  answer_tokens: 1024,
  recognise_scans: false,
  offline: false,
  watched_folders: ['/home/ada/Documents/Contracts'],
  theme: 'system',
  text_size: 100,
  language: 'en',
  welcomed: true,
};

/** The machine of the mock: one 8 GB GPU. */
export class MockMachine {
  settings: Settings;
  private listeners = new Set<(reading: Telemetry) => void>();
  private timer: ReturnType<typeof setInterval> | undefined;
  private tick = 0;
  private removed = new Set<string>();
  private added: string[] = [];
  private runs: BenchRun[] = [];
  private profiles: readonly Profile[] = PROFILES;
  /** A model that was chosen since is loaded with the first answer. */
  private inMemory: string | null;

  constructor(
    settings: Settings,
    private speed: number,
    private gpu: boolean,
    private ingest: () => IngestProgress,
  ) {
    this.settings = settings;
    this.inMemory = settings.model;
    const rows = benchRows(['reference', 'balanced', 'quality', 'compact'], gpu);
    this.runs = [{ at_ms: 1_763_800_000_000, baseline: 'reference', rows }];
  }

  change(change: Partial<Settings>): Settings {
    this.settings = { ...this.settings, ...change };
    return this.settings;
  }

  /** A server without an address is nowhere; Ollama's tells its context, the other does not. */
  remoteContext(): RemoteContext {
    const { backend, remote_url, remote_context_tokens: tokens } = this.settings;
    if (tokens > 0) return { source: 'set', tokens };
    if (remote_url === '')
      throw report('remote_bad_address', '`` is not an address.\nEnter it as http://host:port or https://host.');
    return backend === 'ollama' ? { source: 'told', tokens: 16_384, of: 40_960 } : { source: 'assumed', tokens: 8192 };
  }

  active(): Profile {
    const found = this.profiles.find((item) => item.name === this.settings.profile) ?? PROFILES[1];
    if (!found) throw new Error('BUG: no profile');
    return found;
  }

  plans(): ProfilePlan[] {
    return planned(this.profiles, this.settings.model, this.settings.profile, this.gpu).map(profilePlan);
  }

  saveProfile(profile: Profile, replaces: string | null): void {
    if (!/^[\w-]{1,64}$/.test(profile.name))
      throw report('invalid_profile', 'A profile’s name has letters, digits and dashes.\nChoose another name.');
    if (profile.name !== replaces && this.profiles.some(({ name }) => name === profile.name))
      throw report('profile_exists', `A profile named \`${profile.name}\` exists already.\nChoose another name.`);
    const own = { ...profile, builtin: false };
    this.profiles =
      replaces === null
        ? [...this.profiles, own]
        : this.profiles.map((known) => (known.name === replaces ? own : known));
    if (replaces === this.settings.profile) this.change({ profile: own.name });
  }

  deleteProfile(gone: string): void {
    this.profiles = this.profiles.filter(({ name }) => name !== gone);
    if (this.settings.profile === gone) this.change({ profile: 'auto' });
  }

  /** An answer needs the chosen model. */
  load(): void {
    this.inMemory = this.settings.model;
  }

  /** While an answer is written. */
  generating = false;

  reading(): Telemetry {
    this.tick += 1;
    const wave = Math.sin(this.tick / 6);
    const loaded = this.settings.model !== null && this.inMemory === this.settings.model;
    const owners = loaded
      ? [...predicted(this.active()), { owner: 'application', mib: 148 }]
      : [
          { owner: 'embedder', mib: 210 },
          { owner: 'application', mib: 148 },
        ];
    const used = totalOf(owners);
    const plan = this.active();
    return {
      at_ms: Date.now(),
      cpu_percent: 22 + 14 * wave,
      ram_total_mib: 32_768,
      ram_used_mib: 11_240 + Math.round(200 * wave),
      gpus: this.gpu
        ? [
            {
              device: {
                name: 'CUDA0',
                description: 'NVIDIA GeForce RTX 4070 Laptop',
                backend: 'cuda',
                memory_total_mib: 8188,
                memory_free_mib: 8188 - used - 320,
              },
              load_percent: 71 + 20 * wave,
              power_w: 84 + 12 * wave,
              temperature_c: 61 + 3 * wave,
              clock_mhz: 2175,
            },
          ]
        : [],
      owners,
      model_device: loaded ? (this.gpu ? 'CUDA0' : 'CPU') : '',
      model: loaded ? (this.models().find((entry) => entry.active)?.name ?? '') : '',
      profile: plan.name,
      profile_reason: ALL_LAYERS_FIT,
      prefill_tps: loaded ? 1540 + 180 * wave : 0,
      decode_tps: loaded ? 38.2 + 4 * wave : 0,
      ttft_ms: loaded ? 412 : 0,
      context_used: loaded ? 3940 : 0,
      context_tokens: loaded ? plan.context_tokens : 0,
      reused_tokens: loaded ? 1210 : 0,
      acceptance: plan.speculation ? 0.68 : null,
      bandwidth_fraction: loaded ? 0.63 + 0.03 * wave : null,
      generating: this.generating,
      ingest: this.ingest(),
    };
  }

  listen(listener: (reading: Telemetry) => void): Stop {
    this.listeners.add(listener);
    listener(this.reading());
    this.timer ??= setInterval(() => {
      const reading = this.reading();
      for (const each of this.listeners) each(reading);
    }, 500);
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) {
        clearInterval(this.timer);
        this.timer = undefined;
      }
    };
  }

  hardware(): HardwareInventory {
    return {
      cpu: 'AMD Ryzen 7 7840HS',
      cores: 8,
      ram_total_mib: 32_768,
      ram_available_mib: 21_500,
      gpus: this.reading().gpus.map((gpu) => gpu.device),
    };
  }

  switch(name: string, emit: (event: SwitchEvent) => void): Job {
    const abort = new AbortController();
    const run = async (): Promise<void> => {
      const before = this.settings.profile;
      for (let done = 0; done <= 100 && !abort.signal.aborted; done += 20) {
        emit({ type: 'stage', stage: done < 40 ? 'unloading' : 'loading_model', done, total: 100 });
        await wait(120 * this.speed, abort.signal);
      }
      if (abort.signal.aborted || name === 'reference') {
        emit({
          type: 'failed',
          error: report(
            abort.signal.aborted ? 'cancelled' : 'out_of_memory',
            'The model did not fit: 9.8 GB are needed, 6.9 GB are free.\nThe profile from before is active again.',
          ),
          restored: before,
        });
        return;
      }
      this.settings = { ...this.settings, profile: name };
      emit({ type: 'done', profile: name });
    };
    return { finished: run(), cancel: () => abort.abort() };
  }

  models(): ModelEntry[] {
    return modelEntries(this.added, this.settings.model).filter((entry) => !this.removed.has(entry.name));
  }

  /** As from another disk. */
  addModel(path: string, emit: (event: StoreEvent) => void): Job {
    const abort = new AbortController();
    const run = async (): Promise<void> => {
      if (!path.endsWith('.gguf')) {
        const message = `\`${path}\` is not a GGUF file.\nChoose a file that ends in .gguf.`;
        return emit({ type: 'failed', error: report('not_a_model', message) });
      }
      for (let step = 0; step <= 10; step++) {
        await wait(100 * this.speed, abort.signal);
        if (abort.signal.aborted) return emit({ type: 'failed', error: report('cancelled', 'Stopped.') });
        emit({ type: 'progress', done: step * 500_000_000, total: 5_000_000_000 });
      }
      this.added.push(path);
      const made = this.models().at(-1);
      if (!made) throw new Error('BUG: just added');
      emit({ type: 'done', path: made.path });
    };
    return { finished: run(), cancel: () => abort.abort() };
  }

  /** Of the server, once it was chosen. */
  traffic(): Traffic[] {
    const { backend, remote_url: url } = this.settings;
    if (backend === 'embedded' || !URL.canParse(url)) return [];
    return [{ host: new URL(url).host, requests: 3, sent: 18_432, received: 96_211 }];
  }

  /** A server that is nowhere, where its address says so. */
  remoteModels(emit: (event: ServerEvent) => void): Job {
    const abort = new AbortController();
    const run = async (): Promise<void> => {
      const { remote_url: url } = this.settings;
      await wait(200 * this.speed, abort.signal);
      if (abort.signal.aborted) return emit({ type: 'failed', error: report('cancelled', 'Stopped.') });
      if (url === '') {
        const message = '`` is not an address.\nEnter it as http://host:port or https://host.';
        return emit({ type: 'failed', error: report('remote_bad_address', message) });
      }
      if (url.includes('nowhere')) {
        const message = `\`${url}\` cannot be reached.\nCheck that the server runs and that its address is right.`;
        return emit({ type: 'failed', error: report('remote_unreachable', message) });
      }
      emit({ type: 'done', models: ['qwen3:4b', 'llama3.2:3b', 'mistral-small:24b'] });
    };
    return { finished: run(), cancel: () => abort.abort() };
  }

  removeModel(name: string): void {
    const active = this.models().find((entry) => entry.name === name)?.active;
    this.removed.add(name);
    if (active) this.settings = { ...this.settings, model: null };
  }

  benchmark(names: string[], emit: (event: BenchmarkEvent) => void): Job {
    const abort = new AbortController();
    const run = async (): Promise<void> => {
      const rows: BenchRow[] = [];
      for (const row of benchRows(names, this.gpu)) {
        for (let done = 0; done < 4; done++) {
          emit({
            type: 'progress',
            profile: row.profile,
            stage: done === 0 ? 'loading_model' : 'measuring',
            done,
            total: 4,
          });
          await wait(220 * this.speed, abort.signal);
          if (abort.signal.aborted)
            return emit({ type: 'failed', error: report('cancelled', 'Stopped. Nothing was kept.') });
        }
        rows.push(row);
        emit({ type: 'row', row });
      }
      const finished = { at_ms: Date.now(), baseline: names[0] ?? '', rows };
      this.runs = [finished, ...this.runs];
      emit({ type: 'done', run: finished });
    };
    return { finished: run(), cancel: () => abort.abort() };
  }

  promises(emit: (event: PromisesEvent) => void): Job {
    const abort = new AbortController();
    const run = async (): Promise<void> => {
      for (const profile of ['reference', 'balanced']) {
        emit({ type: 'progress', profile, stage: 'measuring', done: 0, total: 1 });
        await wait(220 * this.speed, abort.signal);
        if (abort.signal.aborted) return emit({ type: 'failed', error: report('cancelled', 'Stopped.') });
      }
      emit({ type: 'done', rows: promisedRows(this.gpu) });
    };
    return { finished: run(), cancel: () => abort.abort() };
  }

  history(): BenchRun[] {
    return this.runs;
  }

  rebuild(chunks: number, emit: (event: RebuildEvent) => void): Job {
    const abort = new AbortController();
    const run = async (): Promise<void> => {
      for (let step = 0; step <= 10; step++) {
        if (abort.signal.aborted)
          return emit({
            type: 'failed',
            error: report(
              'cancelled',
              'Stopped. The search goes on without the index, a little slower.\nStart it again when you like.',
            ),
          });
        emit({ type: 'progress', done: Math.round((chunks * step) / 10), total: chunks });
        await wait(150 * this.speed, abort.signal);
      }
      emit({ type: 'done', chunks });
    };
    return { finished: run(), cancel: () => abort.abort() };
  }
}
