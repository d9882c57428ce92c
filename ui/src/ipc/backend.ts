import type * as data from './types';

export type SortKey = 'title' | 'state' | 'pages' | 'size' | 'added';

/** Which rows of the library, and in what order. */
export interface DocumentQuery {
  search: string;
  state: 'any' | 'problem' | data.DocumentState;
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
  progress: data.IngestProgress;
}

export interface QuestionRequest {
  question: string;
  conversation: number | null;
  scope: data.Scope;
  /** Put it to each document for itself. */
  each_document: boolean;
  /** Put the next ones of the conversation to each document too. */
  each_from_now_on: boolean;
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
  /** `null` in traces that were kept before places were. */
  span: data.Span | null;
  /** Empty where no source holds the passage: only sources are told with their text. */
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
  /** Weight of meaning where both rankings were put together, 0 to 1; words have the rest. */
  vector_weight: number | null;
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
  profile: data.Profile;
  /** By owner, in MiB; empty without a model. */
  predicted: data.MemoryOwner[];
  /** Where it would run. */
  device: string;
  available_mib: number;
  context_tokens: number;
  /** What is computed there in place of what the profile asks for. */
  execution: data.Execution;
  gpu_layers: number;
  fits: boolean;
  /** What was given up so that it fits, in order. */
  steps: data.Notice[];
  /** Why it was chosen, or the nearest setting that would fit. */
  reason: data.Notice | null;
  /** Weights it needs and that are not at hand. */
  missing: data.WeightType | null;
  /** The command that makes them. */
  make: string | null;
}

export type SwitchEvent =
  | { type: 'stage'; stage: string; done: number; total: number }
  | { type: 'done'; profile: string }
  | { type: 'failed'; error: data.ErrorReport; restored: string };

export type BenchmarkEvent =
  | { type: 'progress'; profile: string; stage: string; done: number; total: number }
  | { type: 'row'; row: data.BenchRow }
  | { type: 'done'; run: data.BenchRun }
  | { type: 'failed'; error: data.ErrorReport };

export type PromisesEvent =
  | { type: 'progress'; profile: string; stage: string; done: number; total: number }
  | { type: 'done'; rows: data.OptimizationRow[] }
  | { type: 'failed'; error: data.ErrorReport };

/** A model on disk and whether it fits. */
export interface ModelEntry {
  name: string;
  path: string;
  /** `null` where the file could not be read; `error` then says why. */
  card: data.ModelCard | null;
  error: data.ErrorReport | null;
  active: boolean;
  /** Predicted for the active profile, in MiB. */
  needed_mib: number;
  fits: boolean;
}

/** The models, the profiles with what each would take, and the machine they run on: looked at together. */
export interface Inventory {
  models: ModelEntry[];
  /** `null` where the chosen model could not be looked into; `planError` then says why. */
  plans: ProfilePlan[] | null;
  planError: data.ErrorReport | null;
  hardware: data.HardwareInventory;
}

/** Bytes of a model that is copied into the data folder. */
export type StoreEvent =
  | { type: 'progress'; done: number; total: number }
  | { type: 'done'; path: string }
  | { type: 'failed'; error: data.ErrorReport };

/** How far the documents of evidence are looked up. */
export type EvidenceEvent =
  | { type: 'progress'; done: number; total: number }
  | { type: 'done'; result: data.CheckedEvidence }
  | { type: 'failed'; error: data.ErrorReport };

/** What a server said when it was asked for its models. */
export type ServerEvent = { type: 'done'; models: string[] } | { type: 'failed'; error: data.ErrorReport };

export type RebuildEvent =
  | { type: 'progress'; done: number; total: number }
  | { type: 'done'; chunks: number }
  | { type: 'failed'; error: data.ErrorReport };

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
  documents(query: DocumentQuery): Promise<data.DocumentPage>;
  document(id: number): Promise<data.DocumentRow>;
  summary(): Promise<LibrarySummary>;
  /** `null` while the embedder knows the languages of the library. */
  languageOffer(): Promise<data.LanguageOffer | null>;
  addPaths(paths: string[]): Promise<void>;
  addSamples(): Promise<void>;
  pick(kind: 'files' | 'folder' | 'model' | 'evidence'): Promise<string[]>;
  removeDocuments(ids: number[]): Promise<Undo>;
  /** How many were queued: none where nothing has changed, or what was asked for is under way already. */
  retry(ids: number[] | 'all'): Promise<number>;
  setIngestPaused(paused: boolean): Promise<void>;
  cancelIngest(): Promise<void>;
  openDocument(id: number): Promise<void>;
  revealDocument(id: number): Promise<void>;
  onIngest(listener: (event: data.IngestEvent) => void): Stop;
  onDrop(listener: (event: data.DropEvent) => void): Stop;

  collections(): Promise<data.CollectionRow[]>;
  createCollection(name: string, documents: number[]): Promise<data.CollectionRow>;
  renameCollection(id: number, name: string): Promise<void>;
  deleteCollection(id: number): Promise<Undo>;
  addToCollection(id: number, documents: number[]): Promise<void>;
  removeFromCollection(id: number, documents: number[]): Promise<void>;

  ask(request: QuestionRequest, listener: (event: data.AskEvent) => void): Job;
  conversations(search: string): Promise<data.ConversationRow[]>;
  conversation(id: number): Promise<data.Conversation>;
  renameConversation(id: number, title: string): Promise<void>;
  deleteConversation(id: number): Promise<Undo>;
  /** Asks where to, writes, and tells the path; `null` when the person changed their mind. */
  exportConversation(id: number, format: data.ExportFormat, language: data.Language): Promise<string | null>;
  /** Looks up what a file of evidence cites, in a folder too. */
  checkEvidence(path: string, folder: string | null, listener: (event: EvidenceEvent) => void): Job;
  suggestions(scope: data.Scope): Promise<string[]>;
  /** `null` where it was not kept: the answer was given before the window was opened. */
  trace(conversation: number, turn: number): Promise<AnswerTrace | null>;
  /** Whether the question of that turn asks for everything there is, as far as that is known. */
  wantsEverything(conversation: number, turn: number): Promise<boolean>;

  page(document: number, number: number): Promise<data.Page>;
  /** PNG of a page at `scale` pixels a point, or of a tile of it. */
  renderPage(document: number, number: number, scale: number, tile?: Tile): Promise<Blob>;
  findInDocument(document: number, text: string): Promise<data.Place[]>;

  telemetry(listener: (reading: data.Telemetry) => void): Stop;
  benchmark(profiles: string[], listener: (event: BenchmarkEvent) => void): Job;
  benchmarkHistory(): Promise<data.BenchRun[]>;
  /** What the optimizations were promised to gain, measured here. */
  promises(listener: (event: PromisesEvent) => void): Job;

  inventory(): Promise<Inventory>;
  /** Of one's own: a new one, or a changed one in the place of the one called `replaces`. */
  saveProfile(profile: data.Profile, replaces: string | null): Promise<void>;
  deleteProfile(name: string): Promise<void>;
  switchProfile(name: string, listener: (event: SwitchEvent) => void): Job;
  addModel(path: string, listener: (event: StoreEvent) => void): Job;
  removeModel(name: string): Promise<void>;
  chooseModel(path: string | null): Promise<void>;

  /** What opening had to say: settings that could not be read, conversations that came from a copy. */
  openingNotices(): Promise<data.Notice[]>;
  settings(): Promise<data.Settings>;
  changeSettings(change: Partial<data.Settings>): Promise<data.Settings>;
  /** Asks the server of the settings which models it has. */
  remoteModels(listener: (event: ServerEvent) => void): Job;
  /** How much the server of the settings reads at once; it is asked now. */
  remoteContext(): Promise<data.RemoteContext>;
  dataFolder(): Promise<data.DataFolder>;
  openDataFolder(): Promise<void>;
  rebuildIndex(listener: (event: RebuildEvent) => void): Job;
  /** What went over the network since the window was opened, by host. */
  traffic(): Promise<data.Traffic[]>;
  /** Points at the window where somebody works elsewhere. */
  drawAttention(): Promise<void>;
  diagnostics(): Promise<string>;
  version(): Promise<string>;
  /** In the system's browser or mail program: http, https and mailto only. */
  openLink(url: string): Promise<void>;
}
