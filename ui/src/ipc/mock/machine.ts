import type {
  BenchmarkEvent,
  BenchmarkRow,
  BenchmarkRun,
  Job,
  ModelEntry,
  ProfilePlan,
  RebuildEvent,
  Stop,
  SwitchEvent,
} from '../backend';
import type {
  Attention,
  HardwareInventory,
  IngestProgress,
  KvType,
  MemoryOwner,
  ModelCard,
  Profile,
  Settings,
  Telemetry,
  WeightType,
} from '../types';
import { report } from './library';
import { wait } from './random';

const flash = (kv: KvType): Attention => ({ kind: 'flash', kv });

function profile(name: string, summary: string, weights: WeightType, attention: Attention, context: number): Profile {
  return {
    name,
    summary,
    weights,
    attention,
    context_tokens: context,
    n_batch: 2048,
    n_ubatch: 512,
    offload: { kind: 'auto' },
    threads: 0,
    graph_capture: true,
    speculation: name === 'speed',
    builtin: true,
  };
}

const PROFILES: Profile[] = [
  profile('baseline', 'The reference: full precision, plain attention.', 'f16', { kind: 'plain' }, 8192),
  profile('quality', 'Nearly lossless weights for careful work.', 'q8_0', flash('q8_0'), 32768),
  profile('balanced', 'Small weights, exact cache: right for most machines.', 'q4_k_m', flash('f16'), 16384),
  profile('speed', 'Small weights, drafts from the sources.', 'q4_k_m', flash('q8_0'), 16384),
  profile('long_context', 'The longest context that fits.', 'q4_k_m', flash('q4_0'), 65536),
  profile('minimal', 'For machines with little memory.', 'q4_k_m', flash('q4_0'), 4096),
];

const WEIGHTS_MIB: Record<WeightType, number> = { f16: 7680, q8_0: 4072, q4_k_m: 2375, other: 4000 };
const KV_KIB: Record<KvType, number> = { f16: 144, q8_0: 76.5, q4_0: 40.5 };

function predicted(item: Profile): MemoryOwner[] {
  const kv = item.attention.kind === 'flash' ? item.attention.kv : 'f16';
  return [
    { owner: 'weights', mib: WEIGHTS_MIB[item.weights] },
    { owner: 'kv', mib: Math.round((item.context_tokens * KV_KIB[kv]) / 1024) },
    { owner: 'compute', mib: item.attention.kind === 'plain' ? 820 : 297 },
    { owner: 'embedder', mib: 210 },
  ];
}

export const DEFAULTS: Settings = {
  backend: 'embedded',
  remote_url: '',
  remote_model: '',
  remote_api_key: null,
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
  private runs: BenchmarkRun[] = [];

  constructor(
    settings: Settings,
    private speed: number,
    private gpu: boolean,
    private ingest: () => IngestProgress,
  ) {
    this.settings = settings;
    this.runs = [{ at_ms: 1_763_800_000_000, baseline: 'baseline', rows: this.rows() }];
  }

  private rows(): BenchmarkRow[] {
    const decode = [17.1, 26.4, 41.8, 55.2, 36.0, 40.9];
    const prefill = [1210, 1820, 2240, 2260, 1980, 2150];
    return PROFILES.slice(0, 5).map((item, index) => {
      const total = predicted(item).reduce((sum, owner) => sum + owner.mib, 0);
      return {
        profile: item.name,
        model: 'Qwen3-4B',
        ttft_ms: 1_100_000 / (prefill[index] ?? 1000),
        prefill_tps: prefill[index] ?? 0,
        decode_tps: decode[index] ?? 0,
        peak_memory_mib: Math.round(total * 1.04),
        predicted_memory_mib: total,
        synthetic: true,
      };
    });
  }

  change(change: Partial<Settings>): Settings {
    this.settings = { ...this.settings, ...change };
    return this.settings;
  }

  active(): Profile {
    const found = PROFILES.find((item) => item.name === this.settings.profile) ?? PROFILES[2];
    if (!found) throw new Error('BUG: no profile');
    return found;
  }

  plans(): ProfilePlan[] {
    const available = this.gpu ? 7400 : 18_400;
    return PROFILES.map((item) => {
      const parts = this.settings.model ? predicted(item) : [];
      const total = parts.reduce((sum, owner) => sum + owner.mib, 0);
      const fits = total <= available;
      return {
        profile: item,
        predicted: parts,
        device: this.gpu ? 'CUDA0' : 'CPU',
        available_mib: available,
        context_tokens: item.context_tokens,
        gpu_layers: this.gpu ? 36 : 0,
        fits,
        reasons: fits
          ? ['All 36 layers fit on the GPU with the whole context.']
          : ['Needs more memory than is free. The largest context that would fit is 6,144 tokens.'],
        missing: item.weights === 'q8_0' ? 'Qwen3-4B-Q8_0.gguf' : null,
      };
    });
  }

  reading(generating = false): Telemetry {
    this.tick += 1;
    const wave = Math.sin(this.tick / 6);
    const owners = this.settings.model
      ? [...predicted(this.active()), { owner: 'application', mib: 148 }]
      : [
          { owner: 'embedder', mib: 210 },
          { owner: 'application', mib: 148 },
        ];
    const used = owners.reduce((sum, owner) => sum + owner.mib, 0);
    const plan = this.active();
    const loaded = this.settings.model !== null;
    return {
      at_ms: 1_764_000_000_000 + this.tick * 500,
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
      model: loaded ? 'Qwen3-4B Q4_K_M' : '',
      profile: plan.name,
      profile_reason: 'All 36 layers fit on the GPU with the whole context.',
      prefill_tps: loaded ? 1540 + 180 * wave : 0,
      decode_tps: loaded ? 38.2 + 4 * wave : 0,
      ttft_ms: loaded ? 412 : 0,
      context_used: loaded ? 3940 : 0,
      context_tokens: loaded ? plan.context_tokens : 0,
      reused_tokens: loaded ? 1210 : 0,
      acceptance: plan.speculation ? 0.68 : null,
      bandwidth_fraction: loaded ? 0.63 + 0.03 * wave : null,
      generating,
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
      if (abort.signal.aborted || name === 'baseline') {
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
    const card: ModelCard = {
      name: 'Qwen3-4B',
      architecture: 'qwen3',
      weights: 'q4_k_m',
      size_bytes: 2_497_280_256,
      parameters: 4_022_468_096,
      context_tokens: 40_960,
      layers: 36,
      hidden: 2560,
      heads: 32,
      kv_heads: 8,
      head_dim: 128,
      vocabulary: 151_936,
      synthetic: false,
    };
    const all: [string, ModelCard, number][] = [
      ['/home/ada/Models/Qwen3-4B-Q4_K_M.gguf', card, 4100],
      ['/home/ada/Models/Qwen3-4B-F16.gguf', { ...card, weights: 'f16', size_bytes: 8_051_284_000 }, 9900],
      [
        '/home/ada/Models/tiny-synthetic.gguf',
        {
          ...card,
          name: 'Tiny (synthetic)',
          weights: 'q8_0',
          size_bytes: 18_000_000,
          parameters: 17_000_000,
          layers: 4,
          hidden: 256,
          synthetic: true,
        },
        160,
      ],
      ...this.added.map((path): [string, ModelCard, number] => [
        path,
        { ...card, name: path.split('/').at(-1)?.replace('.gguf', '') ?? path, weights: 'other' },
        5200,
      ]),
    ];
    return all
      .filter(([path]) => !this.removed.has(path))
      .map(([path, item, needed]) => ({
        path,
        card: item,
        active: path === this.settings.model,
        needed_mib: needed,
        fits: needed < 7100,
      }));
  }

  addModel(path: string): ModelEntry {
    if (!path.endsWith('.gguf'))
      throw report('not_a_model', `\`${path}\` is not a GGUF file.\nChoose a file that ends in .gguf.`);
    this.added.push(path);
    const made = this.models().at(-1);
    if (!made) throw new Error('BUG: just added');
    return made;
  }

  removeModel(path: string): void {
    this.removed.add(path);
    if (this.settings.model === path) this.settings = { ...this.settings, model: null };
  }

  benchmark(names: string[], emit: (event: BenchmarkEvent) => void): Job {
    const abort = new AbortController();
    const run = async (): Promise<void> => {
      const rows: BenchmarkRow[] = [];
      for (const row of this.rows().filter((item) => names.includes(item.profile))) {
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
      const finished = { at_ms: Date.now(), baseline: 'baseline', rows };
      this.runs = [finished, ...this.runs];
      emit({ type: 'done', run: finished });
    };
    return { finished: run(), cancel: () => abort.abort() };
  }

  history(): BenchmarkRun[] {
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
