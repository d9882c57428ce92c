import type {
  AskEvent,
  BenchRow,
  BenchRun,
  CollectionRow,
  Conversation,
  ConversationRow,
  DataFolder,
  DocumentPage,
  DocumentRow,
  DocumentState,
  DropEvent,
  ErrorReport,
  HardwareInventory,
  IngestEvent,
  IngestProgress,
  LanguageOffer,
  MemoryOwner,
  ModelCard,
  Notice,
  Page,
  Place,
  Profile,
  Scope,
  Settings,
  Telemetry,
  WeightType,
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

/** Counts over the whole library. */
export interface LibrarySummary {
  documents: number;
  /** Searchable. */
  ready: number;
  chunks: number;
  /** In a state that needs a person. */
  failed: number;
  progress: IngestProgress;
}

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
  /** Empty for a passage that was left out: only sources are told with their text. */
  text: string;
  vector_rank: number | null;
  keyword_rank: number | null;
  cosine: number | null;
  bm25: number | null;
  score: number | null;
  /** Why it was left out, as the end of a key `why.dropped.…`; `null` when it was given to the model. */
  dropped: string | null;
}

export interface AnswerTrace {
  query: string;
  mode: 'hybrid' | 'vector' | 'keyword';
  /** A phrase, a code or a number was asked for: exact words weigh more. */
  exact: boolean;
  wants_everything: boolean;
  /** Share of the question's words that the best passage covers, 0 to 1. */
  coverage: number | null;
  best_cosine: number | null;
  passages: TracePassage[];
  packed_tokens: number;
  budget_tokens: number;
  timings: { name: string; ms: number | null }[];
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
  /** What was given up so that it fits, in order. */
  steps: Notice[];
  /** Why it was chosen, or the nearest setting that would fit; in the engine's words. */
  reason: string | null;
  /** Weights it needs and that are not at hand. */
  missing: WeightType | null;
  /** The command that makes them. */
  make: string | null;
}

export type SwitchEvent =
  | { type: 'stage'; stage: string; done: number; total: number }
  | { type: 'done'; profile: string }
  | { type: 'failed'; error: ErrorReport; restored: string };

export type BenchmarkEvent =
  | { type: 'progress'; profile: string; stage: string; done: number; total: number }
  | { type: 'row'; row: BenchRow }
  | { type: 'done'; run: BenchRun }
  | { type: 'failed'; error: ErrorReport };

/** A model on disk and whether it fits. */
export interface ModelEntry {
  name: string;
  path: string;
  /** `null` where the file could not be read; `error` then says why. */
  card: ModelCard | null;
  error: ErrorReport | null;
  active: boolean;
  /** Predicted for the active profile, in MiB. */
  needed_mib: number;
  fits: boolean;
}

export type RebuildEvent =
  | { type: 'progress'; done: number; total: number }
  | { type: 'done'; chunks: number }
  | { type: 'failed'; error: ErrorReport };

/** A part of a drawn page in pixels: left, top, width, height. */
export type Tile = readonly [number, number, number, number];

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
  documents(query: DocumentQuery): Promise<DocumentPage>;
  document(id: number): Promise<DocumentRow>;
  summary(): Promise<LibrarySummary>;
  /** `null` while the embedder knows the languages of the library. */
  languageOffer(): Promise<LanguageOffer | null>;
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

  collections(): Promise<CollectionRow[]>;
  createCollection(name: string, documents: number[]): Promise<CollectionRow>;
  renameCollection(id: number, name: string): Promise<void>;
  deleteCollection(id: number): Promise<Undo>;
  addToCollection(id: number, documents: number[]): Promise<void>;
  removeFromCollection(id: number, documents: number[]): Promise<void>;

  ask(request: AskRequest, listener: (event: AskEvent) => void): Job;
  conversations(search: string): Promise<ConversationRow[]>;
  conversation(id: number): Promise<Conversation>;
  renameConversation(id: number, title: string): Promise<void>;
  deleteConversation(id: number): Promise<Undo>;
  /** Asks where to, writes, and tells the path; `null` when the person changed their mind. */
  exportConversation(id: number, format: 'markdown' | 'html'): Promise<string | null>;
  suggestions(scope: Scope): Promise<string[]>;
  /** `null` where it was not kept: the answer was given before the window was opened. */
  trace(conversation: number, turn: number): Promise<AnswerTrace | null>;

  page(document: number, number: number): Promise<Page>;
  /** PNG of a page at `scale` pixels a point, or of a tile of it. */
  renderPage(document: number, number: number, scale: number, tile?: Tile): Promise<Blob>;
  findInDocument(document: number, text: string): Promise<Place[]>;

  telemetry(listener: (reading: Telemetry) => void): Stop;
  hardware(): Promise<HardwareInventory>;
  benchmark(profiles: string[], listener: (event: BenchmarkEvent) => void): Job;
  benchmarkHistory(): Promise<BenchRun[]>;

  profiles(): Promise<ProfilePlan[]>;
  switchProfile(name: string, listener: (event: SwitchEvent) => void): Job;
  models(): Promise<ModelEntry[]>;
  addModel(path: string): Promise<{ path: string }>;
  removeModel(name: string): Promise<void>;
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
