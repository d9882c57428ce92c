import { invoke } from '@tauri-apps/api/core';
import type {
  AnswerTrace,
  Backend,
  BenchmarkRun,
  Collection,
  ConversationSummary,
  DataFolder,
  DocumentQuery,
  ModelEntry,
  ProfilePlan,
  Scope,
} from './backend';
import { job, subscription } from './channel';
import {
  type EngineBenchRun,
  type EngineConversation,
  type EngineListRequest,
  type EngineModel,
  type EngineProfile,
  type EngineSourcePage,
  type EngineSummary,
  type EngineTrace,
  type Fate,
  mainShare,
  ownersOf,
} from './engine';
import { reportOf } from './error';
import type {
  AskEvent,
  DocumentRow,
  DocumentState,
  HardwareInventory,
  IngestEvent,
  IngestProgress,
  Settings,
  Source,
  Span,
  Telemetry,
} from './types';

const PROBLEMS: DocumentState[] = [
  'needs_password',
  'no_text',
  'unsupported',
  'damaged',
  'too_large',
  'timed_out',
  'crashed',
  'unreadable',
];

function listRequest(query: DocumentQuery): EngineListRequest {
  return {
    states: query.state === 'any' ? [] : query.state === 'problem' ? PROBLEMS : [query.state],
    collection: query.collection,
    containing: query.search.trim() || null,
    sort: query.sort,
    descending: query.descending,
    offset: query.offset,
    limit: query.limit,
  };
}

function engineScope(scope: Scope): { kind: string; id?: number; ids?: number[] } {
  switch (scope.type) {
    case 'all':
      return { kind: 'all' };
    case 'collection':
      return { kind: 'collection', id: scope.id };
    case 'documents':
      return { kind: 'documents', ids: scope.ids };
  }
}

function profilePlan({ profile, plan, reason, missing, make }: EngineProfile): ProfilePlan {
  const share = plan ? mainShare(plan) : null;
  return {
    profile,
    predicted: plan ? ownersOf(plan) : [],
    device: share?.device ?? '',
    available_mib: Math.round(share?.free_mib ?? 0),
    context_tokens: plan?.profile.context_tokens ?? profile.context_tokens,
    gpu_layers: plan?.gpu_layers ?? 0,
    fits: plan?.fits ?? missing === null,
    reasons: [
      ...(plan ? [plan.verdict] : []),
      ...(reason && reason !== plan?.verdict ? [reason] : []),
      ...(plan?.steps.map((step) => step.message) ?? []),
      ...(make ? [make] : []),
    ],
    missing,
  };
}

function benchmarkRun(run: EngineBenchRun): BenchmarkRun {
  return {
    at_ms: run.at_ms,
    baseline: run.baseline,
    rows: run.rows.map((row) => ({
      ...row,
      ttft_ms: row.ttft_ms.median,
      prefill_tps: row.prefill_tps.median,
      decode_tps: row.decode_tps.median,
    })),
  };
}

/** Why a candidate was left out; `null` for what was given to the model. Keys of the catalogue. */
function droppedBecause(fate: Fate): string | null {
  return fate.type === 'source' || fate.type === 'recalled' ? null : fate.type;
}

const samePath = (a: string, b: string | null): boolean =>
  b !== null && (a === b || a.endsWith(`/${b}`) || a.endsWith(`/${b}.gguf`));

/** The engine behind the window. */
export function createTauriBackend(): Backend {
  // The trace of an answer is told once, with the answer: kept for as long as the window is open.
  const traces = new Map<string, { trace: EngineTrace; sources: Source[] }>();

  async function summary() {
    const [counts, progress] = await Promise.all([
      invoke<EngineSummary>('summary'),
      invoke<IngestProgress>('ingest_progress'),
    ]);
    return {
      documents: counts.queued + counts.ready + counts.skipped + counts.failed,
      chunks: counts.chunks,
      failed: counts.failed,
      progress,
    };
  }

  async function trace(conversation: number, turn: number): Promise<AnswerTrace> {
    const kept = traces.get(`${conversation}.${turn}`);
    if (!kept)
      throw {
        code: 'no_trace',
        message:
          'How this answer came about was not kept: it was given before the window was opened.\nAsk again to see it.',
        detail: null,
      };
    const { retrieval, embed_ms, search_ms, shown_ms, total_ms } = kept.trace;
    const ids = [...new Set(retrieval.candidates.map((candidate) => candidate.document))];
    const rows = await Promise.all(ids.map((id) => invoke<DocumentRow>('document', { id }).catch(() => null)));
    const titles = new Map(rows.flatMap((row) => (row ? [[row.id, row.title] as const] : [])));
    return {
      query: retrieval.searched,
      packed_tokens: retrieval.used_tokens,
      budget_tokens: retrieval.budget_tokens,
      passages: retrieval.candidates.map(
        ({ document, page, vector_rank, keyword_rank, cosine, bm25, score, fate }) => ({
          document_id: document,
          title: titles.get(document) ?? String(document),
          page,
          text: kept.sources.find((source) => source.document_id === document && source.page === page)?.text ?? '',
          vector_rank,
          keyword_rank,
          cosine,
          bm25,
          score,
          dropped: droppedBecause(fate),
        }),
      ),
      timings: [
        { name: 'embed', ms: embed_ms },
        { name: 'search', ms: search_ms },
        { name: 'shown', ms: shown_ms },
        { name: 'total', ms: total_ms },
      ],
    };
  }

  async function models(): Promise<ModelEntry[]> {
    const [stored, settings, hardware] = await Promise.all([
      invoke<EngineModel[]>('models'),
      invoke<Settings>('settings'),
      invoke<HardwareInventory>('hardware'),
    ]);
    const plans = await invoke<EngineProfile[]>('planned_profiles', { model: null }).catch(() => []);
    const free = Math.max(hardware.ram_available_mib, ...hardware.gpus.map((gpu) => gpu.memory_free_mib));
    return stored.flatMap(({ path, card }) => {
      if (!card) return [];
      const active = samePath(path, settings.model);
      const plan = active ? plans.find((each) => each.active)?.plan : null;
      // Without a plan of its own: the weights and a tenth for cache and buffers.
      const needed = plan
        ? ownersOf(plan).reduce((total, owner) => total + owner.mib, 0)
        : Math.round((card.size_bytes / 2 ** 20) * 1.1);
      return [{ path, card, active, needed_mib: needed, fits: plan?.fits ?? needed <= free }];
    });
  }

  async function changeSettings(change: Partial<Settings>): Promise<Settings> {
    const before = await invoke<Settings>('settings');
    return invoke<Settings>('replace_settings', { settings: { ...before, ...change } });
  }

  return {
    documents: (query) => invoke('documents', { request: listRequest(query) }),
    document: (id) => invoke('document', { id }),
    summary,
    addPaths: (paths) => invoke('add_paths', { paths }),
    addSamples: () => invoke('add_samples'),
    pick: (kind) => invoke('pick', { kind }),
    removeDocuments: async (ids) => {
      await invoke('remove_documents', { ids });
      return () => invoke('restore_documents', { ids });
    },
    retry: async (ids) => void (await (ids === 'all' ? invoke('retry_failed') : invoke('retry', { ids }))),
    setIngestPaused: (paused) => invoke(paused ? 'pause_ingest' : 'resume_ingest'),
    cancelIngest: () => invoke('cancel_ingest'),
    openDocument: (id) => invoke('open_document', { id }),
    revealDocument: (id) => invoke('reveal_document', { id }),
    onIngest: (listener) => subscription<IngestEvent>('listen_ingest', 'events', listener),
    onDrop: (listener) => subscription('listen_drops', 'events', listener),

    collections: () => invoke('collections'),
    createCollection: async (name, documents): Promise<Collection> => ({
      id: await invoke<number>('create_collection', { name, documents }),
      name,
      documents: documents.length,
    }),
    renameCollection: (id, name) => invoke('rename_collection', { id, name }),
    deleteCollection: async (id) => {
      const name = (await invoke<Collection[]>('collections')).find((collection) => collection.id === id)?.name ?? '';
      const documents = await invoke<number[]>('delete_collection', { id });
      return async () => void (await invoke('create_collection', { name, documents }));
    },
    addToCollection: (id, documents) => invoke('add_to_collection', { id, documents }),
    removeFromCollection: (id, documents) => invoke('remove_from_collection', { id, documents }),

    ask: (request, listener) => {
      const { question, conversation, scope, replace_turn } = request;
      let id = conversation;
      let sources: Source[] = [];
      const turn = replace_turn ?? request.turns;
      return job<AskEvent | ({ type: 'trace' } & EngineTrace), null>(
        'ask',
        {
          request: {
            question,
            conversation,
            replace_turn,
            scope: engineScope(scope),
            model: null,
            profile: null,
            grammar: null,
          },
        },
        (event) => {
          if (event.type === 'started') id = event.conversation;
          if (event.type === 'sources') sources = event.sources;
          if (event.type === 'trace') {
            const { type: _, ...told } = event;
            traces.set(`${id}.${turn}`, { trace: told, sources });
          } else listener(event);
        },
      );
    },
    conversations: (search) => invoke<ConversationSummary[]>('conversations', { containing: search }),
    conversation: async (id) => {
      const { row, turns } = await invoke<EngineConversation>('conversation', { id });
      return { id: row.id, title: row.title, turns };
    },
    renameConversation: (id, title) => invoke('rename_conversation', { id, title }),
    deleteConversation: async (id) => {
      await invoke('delete_conversation', { id });
      return () => invoke('restore_conversation', { id });
    },
    exportConversation: (id, format) => invoke('export_conversation', { id, format }),
    suggestions: () => invoke('suggestions'),
    trace,

    page: async (document, number) => {
      const page = await invoke<EngineSourcePage>('source_page', { id: document, number });
      return {
        number: page.number,
        text: page.text,
        headings: page.headings,
        tables: [],
        words: page.words,
        size: page.size,
      };
    },
    renderPage: async (document, number, scale) =>
      new Blob([await invoke<ArrayBuffer>('render_page', { id: document, page: number, scale })], {
        type: 'image/png',
      }),
    findInDocument: (document, text) =>
      invoke<{ page: number; span: Span }[]>('find_in_document', { id: document, text }),

    telemetry: (listener) => subscription<Telemetry>('listen_telemetry', 'readings', listener),
    hardware: () => invoke('hardware'),
    benchmark: (profiles, listener) => {
      const running = job<{ stage: string }, EngineBenchRun>(
        'bench_profiles',
        { names: profiles },
        ({ stage }) => listener({ type: 'progress', profile: '', stage, done: 0, total: 0 }),
        (run) => listener({ type: 'done', run: benchmarkRun(run) }),
      );
      return {
        ...running,
        finished: running.finished.catch((thrown: unknown) => listener({ type: 'failed', error: reportOf(thrown) })),
      };
    },
    benchmarkHistory: async () => (await invoke<EngineBenchRun[]>('bench_runs')).map(benchmarkRun),

    profiles: async () => (await invoke<EngineProfile[]>('planned_profiles', { model: null })).map(profilePlan),
    switchProfile: (name, listener) => {
      const running = job<{ share: number }, null>(
        'switch_profile',
        { name },
        ({ share }) => listener({ type: 'stage', stage: 'loading_model', done: Math.round(share * 100), total: 100 }),
        () => listener({ type: 'done', profile: name }),
      );
      const failed = async (thrown: unknown): Promise<void> => {
        const { profile } = await invoke<Settings>('settings');
        listener({ type: 'failed', error: reportOf(thrown), restored: profile });
      };
      return { ...running, finished: running.finished.catch(failed) };
    },
    models,
    addModel: async (path) => {
      const { path: stored } = await invoke<EngineModel>('add_model', { path });
      const entry = (await models()).find((model) => model.path === stored);
      if (!entry)
        throw {
          code: 'not_a_model',
          message: `\`${path}\` could not be read as a model.\nChoose another GGUF file.`,
          detail: null,
        };
      return entry;
    },
    removeModel: (path) =>
      invoke('remove_model', {
        name:
          path
            .split(/[/\\]/)
            .at(-1)
            ?.replace(/\.gguf$/, '') ?? path,
      }),
    chooseModel: async (path) => void (await changeSettings({ model: path })),

    settings: () => invoke('settings'),
    changeSettings,
    dataFolder: () => invoke<DataFolder>('data_folder'),
    openDataFolder: () => invoke('open_data_folder'),
    rebuildIndex: (listener) => {
      const running = job<{ done: number; total: number }, number>(
        'rebuild_index',
        {},
        ({ done, total }) => listener({ type: 'progress', done, total }),
        (chunks) => listener({ type: 'done', chunks }),
      );
      return {
        ...running,
        finished: running.finished.catch((thrown: unknown) => listener({ type: 'failed', error: reportOf(thrown) })),
      };
    },
    diagnostics: () => invoke('diagnostics'),
    version: () => invoke('version'),
    openLink: (url) => invoke('open_link', { url }),
  };
}
