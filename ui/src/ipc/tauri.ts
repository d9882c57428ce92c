import { invoke } from '@tauri-apps/api/core';
import type { AnswerTrace, Backend, DocumentQuery, LibrarySummary, ModelEntry } from './backend';
import {
  commands,
  type AnswerTrace as EngineTrace,
  type ListRequest,
  type Loaded,
  type Measuring,
  type Rebuilt,
  type SourcePage,
} from './bindings';
import { job, subscription, telling } from './channel';
import { reportOf } from './error';
import { fitOf, profilePlan } from './plan';
import { type AskEvent, type Page, PROBLEM_STATES, type Settings, type Source } from './types';

function listRequest(query: DocumentQuery): ListRequest {
  return {
    states: query.state === 'any' ? [] : query.state === 'problem' ? [...PROBLEM_STATES] : [query.state],
    collection: query.collection,
    containing: query.search.trim() || null,
    sort: query.sort,
    descending: query.descending,
    offset: query.offset,
    limit: query.limit,
  };
}

async function summary(): Promise<LibrarySummary> {
  const [counts, progress, problems] = await Promise.all([
    commands.summary(),
    commands.ingestProgress(),
    commands.documents({ states: [...PROBLEM_STATES], limit: 0 }),
  ]);
  return {
    documents: counts.queued + counts.ready + counts.skipped + counts.failed,
    ready: counts.ready,
    chunks: counts.chunks,
    failed: problems.total,
    progress,
  };
}

/** A page with the words that have a place on it. */
function pageOf({ number, text, headings, words, size, drawable }: SourcePage): Page {
  const [width, height] = size ?? [null, null];
  return {
    number,
    text,
    headings,
    words: words.flatMap(({ span, rect: { x0, y0, x1, y1 } }) =>
      x0 === null || y0 === null || x1 === null || y1 === null ? [] : [{ span, rect: { x0, y0, x1, y1 } }],
    ),
    size: width === null || height === null ? null : [width, height],
    drawable,
  };
}

/** What the trace of an answer says, with the titles and the texts that are at hand. */
async function traceOf(told: EngineTrace, sources: readonly Source[]): Promise<AnswerTrace> {
  const { retrieval } = told;
  const ids = [...new Set(retrieval.candidates.map((candidate) => candidate.document))];
  const rows = await Promise.all(ids.map((id) => commands.document(id).catch(() => null)));
  const titles = new Map(rows.flatMap((row) => (row ? [[row.id, row.title] as const] : [])));
  return {
    query: retrieval.searched,
    mode: retrieval.mode,
    exact: retrieval.exact,
    wants_everything: told.wants_everything,
    vector_weight: retrieval.vector_weight,
    coverage: retrieval.coverage,
    best_cosine: retrieval.best_cosine,
    packed_tokens: retrieval.used_tokens,
    budget_tokens: retrieval.budget_tokens,
    passages: retrieval.candidates.map(({ document, page, vector_rank, keyword_rank, cosine, bm25, score, fate }) => ({
      document_id: document,
      title: titles.get(document) ?? String(document),
      page,
      text: sources.find((source) => source.document_id === document && source.page === page)?.text ?? '',
      vector_rank,
      keyword_rank,
      cosine,
      bm25,
      score,
      dropped: fate.type === 'source' || fate.type === 'recalled' ? null : fate.type,
    })),
    timings: [
      { name: 'embed', ms: told.embed_ms },
      { name: 'search', ms: told.search_ms },
      { name: 'shown', ms: told.shown_ms },
      { name: 'total', ms: told.total_ms },
    ],
  };
}

async function models(): Promise<ModelEntry[]> {
  const [stored, settings, hardware] = await Promise.all([commands.models(), commands.settings(), commands.hardware()]);
  const plans = await commands.plannedProfiles(null).catch(() => []);
  return stored.map((model) => {
    const active = settings.model !== null && [model.path, model.name].includes(settings.model);
    const plan = active ? (plans.find((each) => each.active)?.plan ?? null) : null;
    return { ...model, active, ...fitOf(model, plan, hardware) };
  });
}

async function changeSettings(change: Partial<Settings>): Promise<Settings> {
  return commands.replaceSettings({ ...(await commands.settings()), ...change });
}

/** What is being measured: the engine says it as `balanced 2/3`. */
function measuring(stage: string): { profile: string; stage: string; done: number; total: number } {
  const [, profile = '', at = '', total = ''] = /^(\S+) (\d+)\/(\d+)$/.exec(stage) ?? [];
  if (profile === '') return { profile: '', stage, done: 0, total: 0 };
  return { profile, stage: 'measuring', done: Number(at) - 1, total: Number(total) };
}

/** The engine behind the window. */
export function createTauriBackend(): Backend {
  // The trace of an answer is told once, with the answer: kept for as long as the window is open.
  const traces = new Map<string, { trace: EngineTrace; sources: Source[] }>();

  return {
    documents: (query) => commands.documents(listRequest(query)),
    document: (id) => commands.document(id),
    summary,
    languageOffer: () => commands.languageOffer(),
    addPaths: async (paths) => void (await commands.addPaths(paths)),
    addSamples: async () => void (await commands.addSamples()),
    pick: (kind) => commands.pick(kind),
    removeDocuments: async (ids) => {
      await commands.removeDocuments(ids);
      return async () => void (await commands.restoreDocuments(ids));
    },
    retry: async (ids) => {
      const wanted =
        ids === 'all' ? (await commands.documents({ states: [...PROBLEM_STATES] })).rows.map((row) => row.id) : ids;
      return commands.retry(wanted);
    },
    setIngestPaused: async (paused) => void (await (paused ? commands.pauseIngest() : commands.resumeIngest())),
    cancelIngest: async () => void (await commands.cancelIngest()),
    openDocument: async (id) => void (await commands.openDocument(id)),
    revealDocument: async (id) => void (await commands.revealDocument(id)),
    onIngest: (listener) => subscription(commands.listenIngest, listener),
    onDrop: (listener) => subscription(commands.listenDrops, listener),

    collections: () => commands.collections(),
    createCollection: async (name, documents) => ({
      id: await commands.createCollection(name, documents),
      name,
      documents: documents.length,
    }),
    renameCollection: async (id, name) => void (await commands.renameCollection(id, name)),
    deleteCollection: async (id) => {
      const name = (await commands.collections()).find((collection) => collection.id === id)?.name ?? '';
      const documents = await commands.deleteCollection(id);
      return async () => void (await commands.createCollection(name, documents));
    },
    addToCollection: async (id, documents) => void (await commands.addToCollection(id, documents)),
    removeFromCollection: async (id, documents) => void (await commands.removeFromCollection(id, documents)),

    ask: ({ turns, ...request }, listener) => {
      let id = request.conversation;
      let sources: Source[] = [];
      const turn = request.replace_turn ?? turns;
      return job(
        (number, events) => commands.ask(number, request, events),
        (event: AskEvent) => {
          if (event.type === 'started') id = event.conversation;
          if (event.type === 'sources') sources = event.sources;
          if (event.type === 'trace') traces.set(`${id}.${turn}`, { trace: event, sources });
          listener(event);
        },
      );
    },
    conversations: (search) => commands.conversations(search),
    conversation: (id) => commands.conversation(id),
    renameConversation: async (id, title) => void (await commands.renameConversation(id, title)),
    deleteConversation: async (id) => {
      await commands.deleteConversation(id);
      return async () => void (await commands.restoreConversation(id));
    },
    exportConversation: (id, format) => commands.exportConversation(id, format),
    suggestions: (scope) => commands.suggestions(scope),
    trace: async (conversation, turn) => {
      const kept = traces.get(`${conversation}.${turn}`);
      if (kept) return traceOf(kept.trace, kept.sources);
      // Answered before the window was opened: it was saved with the answer.
      const [saved, { turns }] = await Promise.all([
        commands.answerTrace(conversation, turn),
        commands.conversation(conversation),
      ]);
      return (
        saved &&
        traceOf(
          saved,
          turns.slice(0, turn + 1).flatMap((each) => each.sources),
        )
      );
    },

    page: async (document, number) => pageOf(await commands.sourcePage(document, number)),
    // Bytes, not JSON: the one command whose result the generated bindings cannot describe.
    renderPage: async (document, number, scale, tile) =>
      new Blob([await invoke<ArrayBuffer>('render_page', { id: document, page: number, scale, tile: tile ?? null })], {
        type: 'image/png',
      }),
    findInDocument: (document, text) => commands.findInDocument(document, text),

    telemetry: (listener) => subscription(commands.listenTelemetry, listener),
    hardware: () => commands.hardware(),
    benchmark: (profiles, listener) =>
      telling(
        job(
          (id, events) => commands.benchProfiles(id, profiles, events),
          ({ stage }: Measuring) => listener({ type: 'progress', ...measuring(stage) }),
          (run) => listener({ type: 'done', run }),
        ),
        (thrown) => listener({ type: 'failed', error: reportOf(thrown) }),
      ),
    benchmarkHistory: () => commands.benchRuns(),
    promises: (listener) =>
      telling(
        job(
          (id, events) => commands.benchOptimization(id, events),
          ({ stage }: Measuring) => listener({ type: 'progress', ...measuring(stage) }),
          (rows) => listener({ type: 'done', rows }),
        ),
        (thrown) => listener({ type: 'failed', error: reportOf(thrown) }),
      ),

    profiles: async () => (await commands.plannedProfiles(null)).map(profilePlan),
    saveProfile: async (profile, replaces) => void (await commands.saveProfile(profile, replaces)),
    deleteProfile: async (name) => void (await commands.deleteProfile(name)),
    switchProfile: (name, listener) =>
      telling(
        job(
          (id, events) => commands.switchProfile(id, name, events),
          ({ share }: Loaded) =>
            listener({ type: 'stage', stage: 'loading_model', done: Math.round((share ?? 0) * 100), total: 100 }),
          () => listener({ type: 'done', profile: name }),
        ),
        async (thrown) => {
          const { profile } = await commands.settings();
          listener({ type: 'failed', error: reportOf(thrown), restored: profile });
        },
      ),
    models,
    addModel: (path) => commands.addModel(path),
    removeModel: async (name) => void (await commands.removeModel(name)),
    chooseModel: async (path) => void (await changeSettings({ model: path })),

    openingNotices: () => commands.openingNotices(),
    settings: () => commands.settings(),
    changeSettings,
    dataFolder: () => commands.dataFolder(),
    openDataFolder: async () => void (await commands.openDataFolder()),
    rebuildIndex: (listener) =>
      telling(
        job(
          (id, events) => commands.rebuildIndex(id, events),
          ({ done, total }: Rebuilt) => listener({ type: 'progress', done, total }),
          (chunks) => listener({ type: 'done', chunks }),
        ),
        (thrown) => listener({ type: 'failed', error: reportOf(thrown) }),
      ),
    drawAttention: async () => void (await commands.drawAttention()),
    diagnostics: () => commands.diagnostics(),
    version: () => commands.version(),
    openLink: async (url) => void (await commands.openLink(url)),
  };
}
