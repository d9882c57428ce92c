import type {
  AskEvent,
  DocumentRow,
  DocumentState,
  ErrorReport,
  HardwareInventory,
  IngestEvent,
  IngestProgress,
  MemoryOwner,
  ModelCard,
  Page,
  Profile,
  Settings,
  Span,
  Telemetry,
  Turn,
} from './types';

export type SortKey = 'title' | 'state' | 'size' | 'added';

/** Which rows of the library, and in what order. */
export interface DocumentQuery {
  search: string;
  state: 'any' | 'problem' | DocumentState;
  collection: number | null;
  sort: SortKey;
  descending: boolean;
  offset: number;
  limit: number;
}

export interface DocumentList {
  rows: DocumentRow[];
  /** Rows that match, of which `rows` is a window. */
  total: number;
}

/** Counts over the whole library. */
export interface LibrarySummary {
  documents: number;
  chunks: number;
  failed: number;
  progress: IngestProgress;
}

export interface Collection {
  id: number;
  name: string;
  documents: number;
}

export interface ConversationSummary {
  id: number;
  title: string;
  turns: number;
  updated_at_ms: number;
}

export interface ConversationDetail {
  id: number;
  title: string;
  turns: Turn[];
}

/** What a question may look at. */
export type Scope = { type: 'all' } | { type: 'collection'; id: number } | { type: 'documents'; ids: number[] };

export interface AskRequest {
  question: string;
  conversation: number | null;
  scope: Scope;
  /** Replace this turn and what follows it (regenerate, edit and resend); `null` appends. */
  replace_turn: number | null;
  /** Turns that stand before the answer. */
  turns: number;
}

/** One passage in a "why this answer" trace. */
export interface TracePassage {
  document_id: number;
  title: string;
  page: number;
  text: string;
  vector_rank: number | null;
  keyword_rank: number | null;
  cosine: number | null;
  bm25: number | null;
  score: number;
  /** Why it was left out, as the end of a key `why.dropped.…`; `null` when it was given to the model. */
  dropped: string | null;
}

export interface AnswerTrace {
  query: string;
  passages: TracePassage[];
  packed_tokens: number;
  budget_tokens: number;
  timings: { name: string; ms: number }[];
}

/** A profile with its prediction for the chosen model on this machine, now. */
export interface ProfilePlan {
  profile: Profile;
  /** By owner, in MiB; empty without a model. */
  predicted: MemoryOwner[];
  /** Where it would run. */
  device: string;
  available_mib: number;
  context_tokens: number;
  gpu_layers: number;
  fits: boolean;
  /** Why it was chosen or what was reduced. */
  reasons: string[];
  /** File of the model's family it needs and does not find. */
  missing: string | null;
}

export type SwitchEvent =
  | { type: 'stage'; stage: string; done: number; total: number }
  | { type: 'done'; profile: string }
  | { type: 'failed'; error: ErrorReport; restored: string };

export interface BenchmarkRow {
  profile: string;
  model: string;
  ttft_ms: number;
  prefill_tps: number;
  decode_tps: number;
  peak_memory_mib: number;
  predicted_memory_mib: number;
  synthetic: boolean;
}

export interface BenchmarkRun {
  at_ms: number;
  baseline: string;
  rows: BenchmarkRow[];
}

export type BenchmarkEvent =
  | { type: 'progress'; profile: string; stage: string; done: number; total: number }
  | { type: 'row'; row: BenchmarkRow }
  | { type: 'done'; run: BenchmarkRun }
  | { type: 'failed'; error: ErrorReport };

/** A model on disk and whether it fits. */
export interface ModelEntry {
  path: string;
  card: ModelCard;
  active: boolean;
  /** Predicted for the active profile, in MiB. */
  needed_mib: number;
  fits: boolean;
}

export interface DataFolder {
  path: string;
  parts: { name: string; bytes: number }[];
}

export type RebuildEvent =
  | { type: 'progress'; done: number; total: number }
  | { type: 'done'; chunks: number }
  | { type: 'failed'; error: ErrorReport };

export type DropEvent = { type: 'over' } | { type: 'leave' } | { type: 'drop'; paths: string[] };

/** Stops what was started; calling it twice is harmless. */
export type Stop = () => void;

/** Work that reports while it runs. The promise settles when no more events come. */
export interface Job {
  finished: Promise<void>;
  cancel: Stop;
}

export type Undo = () => Promise<void>;

/** Everything the window asks of the engine. Every promise rejects with an {@link ErrorReport}. */
export interface Backend {
  documents(query: DocumentQuery): Promise<DocumentList>;
  document(id: number): Promise<DocumentRow>;
  summary(): Promise<LibrarySummary>;
  addPaths(paths: string[]): Promise<void>;
  addSamples(): Promise<void>;
  pick(kind: 'files' | 'folder' | 'model'): Promise<string[]>;
  removeDocuments(ids: number[]): Promise<Undo>;
  retry(ids: number[] | 'all'): Promise<void>;
  setIngestPaused(paused: boolean): Promise<void>;
  cancelIngest(): Promise<void>;
  openDocument(id: number): Promise<void>;
  revealDocument(id: number): Promise<void>;
  onIngest(listener: (event: IngestEvent) => void): Stop;
  onDrop(listener: (event: DropEvent) => void): Stop;

  collections(): Promise<Collection[]>;
  createCollection(name: string, documents: number[]): Promise<Collection>;
  renameCollection(id: number, name: string): Promise<void>;
  deleteCollection(id: number): Promise<Undo>;
  addToCollection(id: number, documents: number[]): Promise<void>;
  removeFromCollection(id: number, documents: number[]): Promise<void>;

  ask(request: AskRequest, listener: (event: AskEvent) => void): Job;
  conversations(search: string): Promise<ConversationSummary[]>;
  conversation(id: number): Promise<ConversationDetail>;
  renameConversation(id: number, title: string): Promise<void>;
  deleteConversation(id: number): Promise<Undo>;
  /** Asks where to, writes, and tells the path; `null` when the person changed their mind. */
  exportConversation(id: number, format: 'markdown' | 'html'): Promise<string | null>;
  suggestions(scope: Scope): Promise<string[]>;
  trace(conversation: number, turn: number): Promise<AnswerTrace>;

  page(document: number, number: number): Promise<Page>;
  /** PNG of a page at `scale` pixels a point. */
  renderPage(document: number, number: number, scale: number): Promise<Blob>;
  findInDocument(document: number, text: string): Promise<{ page: number; span: Span }[]>;

  telemetry(listener: (reading: Telemetry) => void): Stop;
  hardware(): Promise<HardwareInventory>;
  benchmark(profiles: string[], listener: (event: BenchmarkEvent) => void): Job;
  benchmarkHistory(): Promise<BenchmarkRun[]>;

  profiles(): Promise<ProfilePlan[]>;
  switchProfile(name: string, listener: (event: SwitchEvent) => void): Job;
  models(): Promise<ModelEntry[]>;
  addModel(path: string): Promise<ModelEntry>;
  removeModel(path: string): Promise<void>;
  chooseModel(path: string | null): Promise<void>;

  settings(): Promise<Settings>;
  changeSettings(change: Partial<Settings>): Promise<Settings>;
  dataFolder(): Promise<DataFolder>;
  openDataFolder(): Promise<void>;
  rebuildIndex(listener: (event: RebuildEvent) => void): Job;
  diagnostics(): Promise<string>;
  version(): Promise<string>;
  /** In the system's browser or mail program: http, https and mailto only. */
  openLink(url: string): Promise<void>;
}
