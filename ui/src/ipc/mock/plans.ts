import type { ModelEntry } from '../backend';
import { totalOf } from '../plan';
import type {
  BenchRow,
  Execution,
  KvType,
  MemoryOwner,
  MemoryPlan,
  ModelCard,
  Notice,
  OptimizationRow,
  PlannedProfile,
  Profile,
  RowStatus,
  Spread,
  WeightType,
} from '../types';

export const ALL_LAYERS_FIT: Notice = {
  code: 'profile_automatic',
  message: 'Chosen by itself: 32,768 tokens with a f16 cache is the largest that fits the GPU now.',
};

// Profiles as the engine ships them, over one invented model of the size of Qwen3-4B.

function profile(
  name: string,
  summary: string,
  weights: WeightType,
  attention: Profile['attention'],
  context: number,
): Profile {
  const small = name === 'compact';
  return {
    name,
    summary,
    weights,
    attention,
    context_tokens: context,
    n_batch: small ? 512 : 2048,
    n_ubatch: small ? 128 : 512,
    offload: { kind: 'auto' },
    threads: 0,
    graph_capture: name !== 'reference',
    speculation: name !== 'reference',
    builtin: true,
  };
}

const flash = (kv: KvType): Profile['attention'] => ({ kind: 'flash', kv });

export const PROFILES: Profile[] = [
  profile('auto', 'Balanced, made to fit the memory that is free now.', 'q4_k_m', flash('f16'), 16_384),
  profile('balanced', '4-bit weights, half-precision cache.', 'q4_k_m', flash('f16'), 8192),
  profile('quality', '8-bit weights, half-precision cache.', 'q8_0', flash('f16'), 8192),
  profile('long-context', '4-bit weights, 8-bit cache.', 'q4_k_m', flash('q8_0'), 65_536),
  profile('compact', '4-bit weights, 4-bit cache, small batch.', 'q4_k_m', flash('q4_0'), 8192),
  profile('reference', 'Half-precision weights and plain attention.', 'f16', { kind: 'plain' }, 8192),
];

const WEIGHTS_MIB: Record<WeightType, number> = { f16: 7680, q8_0: 4072, q4_k_m: 2375, other: 4000 };
const KV_KIB: Record<KvType, number> = { f16: 144, q8_0: 76.5, q4_0: 40.5 };
const EMBEDDER_MIB = 210;

function parts(item: Profile): { weights_mib: number; kv_mib: number; compute_mib: number } {
  const kv = item.attention.kind === 'flash' ? item.attention.kv : 'f16';
  return {
    weights_mib: WEIGHTS_MIB[item.weights],
    kv_mib: Math.round((item.context_tokens * KV_KIB[kv]) / 1024),
    compute_mib: item.attention.kind === 'plain' ? 820 : 297,
  };
}

/** What a profile's model takes, by owner. */
export function predicted(item: Profile): MemoryOwner[] {
  const { weights_mib, kv_mib, compute_mib } = parts(item);
  return [
    { owner: 'weights', mib: weights_mib },
    { owner: 'kv', mib: kv_mib },
    { owner: 'compute', mib: compute_mib },
    { owner: 'embedder', mib: EMBEDDER_MIB },
  ];
}

/** On a processor plain attention stands in, where the cache allows it. */
function execution({ attention, context_tokens, n_ubatch }: Profile, gpu: boolean): Execution {
  const standsIn = !gpu && attention.kind === 'flash' && attention.kv === 'f16';
  const rows = context_tokens > 16_384 ? 64 : 128;
  return standsIn ? { attention: { kind: 'plain' }, n_ubatch: Math.min(n_ubatch, rows) } : { attention, n_ubatch };
}

function memoryPlan(item: Profile, gpu: boolean): MemoryPlan {
  const free = gpu ? 7400 : 18_400;
  const share = {
    device: gpu ? 'CUDA0' : 'CPU',
    ...parts(item),
    runtime_mib: 0,
    embedder_mib: EMBEDDER_MIB,
    free_mib: free,
    total_mib: gpu ? 8188 : 32_768,
  };
  const fits = totalOf(predicted(item)) <= free;
  return {
    profile: item,
    gpu_layers: gpu ? 36 : 0,
    execution: execution(item, gpu),
    shares: [share],
    fits,
    verdict: fits ? 'It fits.' : 'The largest context that would fit is 4,096 tokens.',
    steps:
      item.name === 'long-context'
        ? [{ code: 'context_reduced', message: '`Qwen3-4B` was trained for 40,960 tokens; the rest was left out.' }]
        : [],
  };
}

export function planned(
  profiles: readonly Profile[],
  model: string | null,
  active: string,
  gpu: boolean,
): PlannedProfile[] {
  return profiles.map((item) => {
    const missing = model !== null && item.weights === 'q8_0' ? item.weights : null;
    return {
      profile: item,
      active: item.name === active,
      file: model,
      missing,
      make: missing ? 'docmind models quantize Qwen3-4B-F16.gguf q8_0' : null,
      plan: model === null || missing ? null : memoryPlan(item, gpu),
      reason: item.name === 'auto' ? ALL_LAYERS_FIT : null,
    };
  });
}

const spread = (median: number): Spread => ({ median, min: median * 0.97, max: median * 1.04 });

/** Measured rows, the reference first; the mock pretends that the weights were random. */
export function benchRows(names: readonly string[], gpu: boolean): BenchRow[] {
  const decode: Record<string, number> = { reference: 17.1, balanced: 41.8, quality: 26.4, compact: 44.1 };
  return names.flatMap((name) => {
    const item = PROFILES.find((each) => each.name === name);
    if (!item) return [];
    const total = totalOf(predicted(item));
    const speed = decode[name] ?? 38;
    return [
      {
        profile: name,
        model: 'Qwen3-4B',
        synthetic: true,
        device: gpu ? 'CUDA0' : 'CPU',
        prompt_tokens: 1024,
        output_tokens: 64,
        load_ms: spread(2100),
        warmup_ms: spread(160),
        ttft_ms: spread(24_000 / speed),
        ttft_resident_ms: spread(2400 / speed),
        ttft_disk_ms: spread(5200 / speed),
        prefill_tps: spread(speed * 54),
        decode_tps: spread(speed),
        peak_memory_mib: Math.round(total * 1.04),
        predicted_memory_mib: total,
        rss_mib: null,
        weights_mib: parts(item).weights_mib,
        kv_mib: parts(item).kv_mib,
        compute_mib: parts(item).compute_mib,
        bandwidth_fraction: gpu ? 0.61 : null,
        bandwidth_gbps: gpu ? 232 : null,
        plan: memoryPlan(item, gpu),
      },
    ];
  });
}

const CARD: ModelCard = {
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

const FILES: [string, ModelCard | null, number][] = [
  ['Qwen3-4B-Q4_K_M', CARD, 4100],
  ['Qwen3-4B-F16', { ...CARD, weights: 'f16', size_bytes: 8_051_284_000 }, 9900],
  [
    'tiny-synthetic',
    {
      ...CARD,
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
  ['Half-a-download', null, 0],
];

/** The stored models, those added last at the end. */
export function modelEntries(added: readonly string[], active: string | null): ModelEntry[] {
  const own = added.map((path): [string, ModelCard | null, number] => {
    const name = path.split('/').at(-1)?.replace('.gguf', '') ?? path;
    return [name, { ...CARD, name, weights: 'other' }, 5200];
  });
  return [...FILES, ...own].map(([name, card, needed]) => {
    const path = `/home/ada/Models/${name}.gguf`;
    return {
      name,
      path,
      card,
      error: card
        ? null
        : {
            code: 'model_damaged',
            message: `\`${name}\` is cut off: 1.1 of 2.5 GB are there.\nCopy the file again.`,
            detail: null,
          },
      active: path === active,
      needed_mib: needed,
      fits: card !== null && needed < 7100,
    };
  });
}

/** What `docmind bench optimization` says of such a machine. */
export function promisedRows(gpu: boolean): OptimizationRow[] {
  const row = (
    name: string,
    value: number | null,
    unit: string,
    floor: number | null,
    status: RowStatus,
    detail: string,
  ): OptimizationRow => ({ name, value, unit, floor, status, detail });
  const needs = (value: number): RowStatus => (gpu ? (value < 1.3 ? 'missed' : 'passed') : 'needs_gpu');
  return [
    row('quantization_decode_speedup', 2.37, '×', 1.89, 'passed', '17.1 against 7.2 tokens a second on CPU.'),
    row('quantization_memory_reduction', 61, '%', 58, 'passed', '3762 against 9542 MiB at 8192 tokens.'),
    row('quality_kept', null, '%', 95, 'skipped', 'skipped: synthetic weights'),
    row(
      'flash_attention_memory_reduction_64k',
      62.6,
      '%',
      50,
      'passed',
      'Beyond weights, by allocation: 5043 against 13486 MiB.',
    ),
    row(
      'embedding_half_precision_speedup',
      gpu ? 1.2 : null,
      '×',
      1.3,
      needs(1.2),
      gpu ? '2410 against 2008 texts a second.' : 'Half precision pays on a GPU only.',
    ),
  ];
}
