// Mirrors of the engine's types (`docmind-core`, `docmind-engine::events`) as they cross the boundary.

export type DocumentState =
  | 'queued'
  | 'working'
  | 'ready'
  | 'duplicate'
  | 'empty'
  | 'needs_password'
  | 'no_text'
  | 'unsupported'
  | 'damaged'
  | 'too_large'
  | 'timed_out'
  | 'crashed'
  | 'unreadable';

export const DOCUMENT_STATES: readonly DocumentState[] = [
  'queued',
  'working',
  'ready',
  'duplicate',
  'empty',
  'needs_password',
  'no_text',
  'unsupported',
  'damaged',
  'too_large',
  'timed_out',
  'crashed',
  'unreadable',
];

export type Outcome = 'ready' | 'skipped' | 'failed';

/** A failure as it crosses the boundary: act on `code`, show `message`, keep `detail` for the curious. */
export interface ErrorReport {
  code: string;
  message: string;
  detail: string | null;
}

/** Something was degraded; always shown with its reason. */
export interface Notice {
  code: string;
  message: string;
}

/** Half-open range of Unicode scalar values in a page's text. */
export interface Span {
  start: number;
  end: number;
}

/** In points, origin at the top left. */
export interface Rect {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

export interface WordBox {
  span: Span;
  rect: Rect;
}

export interface Heading {
  level: number;
  span: Span;
}

export interface Table {
  span: Span;
  header: Span;
}

export interface Page {
  number: number;
  text: string;
  headings: Heading[];
  tables: Table[];
  words: WordBox[];
  size: [number, number] | null;
}

export interface FailedPage {
  page: number;
  reason: string;
}

export interface DocumentRow {
  id: number;
  path: string;
  path_bytes?: string | null;
  title: string;
  media_type: string;
  state: DocumentState;
  error: ErrorReport | null;
  pages: number;
  failed_pages: FailedPage[];
  chunks: number;
  size_bytes: number;
  language: string | null;
  added_at_ms: number;
  changed: boolean;
}

export interface IngestProgress {
  done: number;
  total: number;
  chunks_per_second: number;
  remaining_s: number | null;
  paused: string | null;
}

export type IngestStage = 'reading' | 'embedding';

export type IngestEvent =
  | { type: 'queued'; files: number }
  | { type: 'progress'; id: number; path: string; stage: IngestStage; done: number; total: number }
  | { type: 'settled'; row: DocumentRow; outcome: Outcome; ms: number }
  | { type: 'skipped'; path: string; path_bytes?: string | null; error: ErrorReport }
  | { type: 'removed'; id: number }
  | ({ type: 'overall' } & IngestProgress)
  | ({ type: 'notice' } & Notice);

export type Support = 'supported' | 'weak' | 'unsupported';
export type AnswerMode = 'generated' | 'extractive' | 'not_found';
export type FinishReason = 'stop' | 'length' | 'cancelled' | 'interrupted';

export interface Source {
  n: number;
  document_id: number;
  document_hash: string;
  path: string;
  title: string;
  page: number;
  span: Span;
  heading: string[];
  text: string;
}

export interface Citation {
  n: number;
  source: number;
  document_id: number;
  document_hash: string;
  path: string;
  title: string;
  page: number;
  span: Span;
  quote: string;
  sentence: string;
  support: Support;
}

export interface GenerationStats {
  prompt_tokens: number;
  reused_tokens: number;
  output_tokens: number;
  ttft_ms: number;
  prefill_tps: number;
  decode_tps: number;
  drafted_tokens: number;
  accepted_tokens: number;
  context_tokens: number;
  context_used: number;
  profile: string;
  finish: FinishReason | null;
}

export interface Answer {
  mode: AnswerMode;
  finish: FinishReason;
  text: string;
  thinking: string | null;
  citations: Citation[];
  stats: GenerationStats | null;
}

export interface Turn {
  question: string;
  standalone: string | null;
  sources: Source[];
  recalled: number[];
  written: string | null;
  answer: Answer;
  asked_at_ms: number;
}

/** A sentence of a running answer, checked against its source; `n` is 0 when it cites nothing. */
export interface CheckedSentence {
  /** The source it stands for, where it is told while the answer is written. */
  source?: number | null;
  n: number;
  sentence: string;
  support: Support;
}

export type AskEvent =
  | { type: 'started'; conversation: number; standalone: string | null }
  | { type: 'stage'; stage: string; done: number; total: number }
  | { type: 'sources'; sources: Source[]; extract: Answer | null }
  | { type: 'thinking'; text: string }
  | { type: 'token'; text: string }
  | ({ type: 'citation' } & CheckedSentence)
  | ({ type: 'notice' } & Notice)
  | { type: 'done'; answer: Answer }
  | ({ type: 'failed' } & ErrorReport);

export interface Device {
  name: string;
  description: string;
  backend: string;
  memory_total_mib: number;
  memory_free_mib: number;
}

export interface HardwareInventory {
  cpu: string;
  cores: number;
  ram_total_mib: number;
  ram_available_mib: number;
  gpus: Device[];
}

export interface GpuReading {
  device: Device;
  load_percent: number | null;
  power_w: number | null;
  temperature_c: number | null;
  clock_mhz: number | null;
}

export interface MemoryOwner {
  owner: string;
  mib: number;
}

export interface Telemetry {
  at_ms: number;
  cpu_percent: number;
  ram_total_mib: number;
  ram_used_mib: number;
  gpus: GpuReading[];
  owners: MemoryOwner[];
  model_device: string;
  model: string;
  profile: string;
  profile_reason: string;
  prefill_tps: number;
  decode_tps: number;
  ttft_ms: number;
  context_used: number;
  context_tokens: number;
  reused_tokens: number;
  acceptance: number | null;
  bandwidth_fraction: number | null;
  generating: boolean;
  ingest: IngestProgress;
}

export type WeightType = 'f16' | 'q8_0' | 'q4_k_m' | 'other';
export type KvType = 'f16' | 'q8_0' | 'q4_0';
export type Attention = { kind: 'flash'; kv: KvType } | { kind: 'plain' };
export type Offload = { kind: 'auto' } | { kind: 'all' } | { kind: 'layers'; layers: number } | { kind: 'none' };

export interface Profile {
  name: string;
  summary: string;
  weights: WeightType;
  attention: Attention;
  context_tokens: number;
  n_batch: number;
  n_ubatch: number;
  offload: Offload;
  threads: number;
  graph_capture: boolean;
  speculation: boolean;
  builtin: boolean;
}

export interface ModelCard {
  name: string;
  architecture: string;
  weights: WeightType;
  size_bytes: number;
  parameters: number;
  context_tokens: number;
  layers: number;
  hidden: number;
  heads: number;
  kv_heads: number;
  head_dim: number;
  vocabulary: number;
  synthetic: boolean;
}

export type Precision = 'fp32' | 'fp16' | 'int8';

export type EngineKind = 'embedded' | 'ollama' | 'open_ai';

export interface Settings {
  backend: EngineKind;
  remote_url: string;
  remote_model: string;
  remote_api_key: string | null;
  profile: string;
  model: string | null;
  embedder: string;
  embedder_precision: Precision | null;
  reranker: string | null;
  rerank_budget_ms: number;
  thinking: boolean;
  first_token_target_s: number;
  source_tokens: number;
  answer_tokens: number;
  watched_folders: string[];
  theme: string;
  text_size: number;
  language: string;
  welcomed: boolean;
}
