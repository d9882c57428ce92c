import { invoke } from '@tauri-apps/api/core';
import type { AnswerTrace, Backend, DocumentQuery, Inventory, LibrarySummary } from './backend';
import {
  commands,
  type AnswerTrace as EngineTrace,
  type ListRequest,
  type Loaded,
  type LookedUp,
  type Measuring,
  type Rebuilt,
  type SourcePage,
  type Storing,
} from './bindings';
import { job, stoppable, subscription, telling, tellingFailure } from './channel';
import { reportOf } from './error';
import { fitOf, profilePlan } from './plan';
import { traceOf } from './trace';
import { type AskEvent, type Page, PROBLEM_STATES, type Source } from './types';

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
function pageOf({ number, text, headings, words, size, drawable, recognised }: SourcePage): Page {
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
    recognised,
  };
}

/** How an answer came about, with the titles of the documents. */
async function withTitles(told: EngineTrace, sources: readonly Source[]): Promise<AnswerTrace> {
  const ids = [...new Set(told.retrieval.candidates.map((candidate) => candidate.document))];
  const rows = await Promise.all(ids.map((id) => commands.document(id).catch(() => null)));
  return traceOf(told, sources, new Map(rows.flatMap((row) => (row ? [[row.id, row.title] as const] : []))));
}

/** A plan a profile takes the longest of it all: they are made once. */
async function inventory(): Promise<Inventory> {
  const [stored, settings, hardware, planned] = await Promise.all([
    commands.models(),
    commands.settings(),
    commands.hardware(),
    commands.plannedProfiles(null).then(
      (plans) => ({ plans, error: null }),
      (thrown: unknown) => ({ plans: null, error: reportOf(thrown) }),
    ),
  ]);
  const running = planned.plans?.find((each) => each.active)?.plan ?? null;
  const models = stored.map((model) => {
    const active = settings.model !== null && [model.path, model.name].includes(settings.model);
    return { ...model, active, ...fitOf(model, active ? running : null, hardware) };
  });
  return { models, plans: planned.plans?.map(profilePlan) ?? null, planError: planned.error, hardware };
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
    retry: (ids) => (ids === 'all' ? commands.retryFailed() : commands.retry(ids)),
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
      await commands.deleteCollection(id);
      return async () => void (await commands.restoreCollection(id));
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
    exportConversation: (id, format, language) => commands.exportConversation(id, format, language),
    checkEvidence: (path, folder, listener) =>
      tellingFailure(
        job(
          (id, events) => commands.checkEvidence(id, path, folder, events),
          ({ done, total }: LookedUp) => listener({ type: 'progress', done, total }),
          (result) => listener({ type: 'done', result }),
        ),
        listener,
      ),
    suggestions: (scope) => commands.suggestions(scope),
    trace: async (conversation, turn) => {
      const kept = traces.get(`${conversation}.${turn}`);
      if (kept) return withTitles(kept.trace, kept.sources);
      // Answered before the window was opened: it was saved with the answer.
      const [saved, { turns }] = await Promise.all([
        commands.answerTrace(conversation, turn),
        commands.conversation(conversation),
      ]);
      return (
        saved &&
        withTitles(
          saved,
          turns.slice(0, turn + 1).flatMap((each) => each.sources),
        )
      );
    },
    wantsEverything: async (conversation, turn) => {
      const kept = traces.get(`${conversation}.${turn}`)?.trace ?? (await commands.answerTrace(conversation, turn));
      return kept?.wants_everything ?? false;
    },

    page: async (document, number) => pageOf(await commands.sourcePage(document, number)),
    // Bytes, not JSON: the one command whose result the generated bindings cannot describe.
    renderPage: async (document, number, scale, tile) =>
      new Blob([await invoke<ArrayBuffer>('render_page', { id: document, page: number, scale, tile: tile ?? null })], {
        type: 'image/png',
      }),
    findInDocument: (document, text) => commands.findInDocument(document, text),

    telemetry: (listener) => subscription(commands.listenTelemetry, listener),
    benchmark: (profiles, listener) =>
      tellingFailure(
        job(
          (id, events) => commands.benchProfiles(id, profiles, events),
          ({ stage }: Measuring) => listener({ type: 'progress', ...measuring(stage) }),
          (run) => listener({ type: 'done', run }),
        ),
        listener,
      ),
    benchmarkHistory: () => commands.benchRuns(),
    promises: (listener) =>
      tellingFailure(
        job(
          (id, events) => commands.benchOptimization(id, events),
          ({ stage }: Measuring) => listener({ type: 'progress', ...measuring(stage) }),
          (rows) => listener({ type: 'done', rows }),
        ),
        listener,
      ),

    inventory,
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
    addModel: (path, listener) =>
      tellingFailure(
        job(
          (id, events) => commands.addModel(id, path, events),
          ({ done, total }: Storing) => listener({ type: 'progress', done: done ?? 0, total: total ?? 0 }),
          (stored) => listener({ type: 'done', path: stored.path }),
        ),
        listener,
      ),
    removeModel: async (name) => void (await commands.removeModel(name)),
    chooseModel: async (path) => void (await commands.changeSettings({ model: path })),

    openingNotices: () => commands.openingNotices(),
    settings: () => commands.settings(),
    changeSettings: (change) => commands.changeSettings(change),
    remoteModels: (listener) =>
      tellingFailure(
        stoppable(
          (id) => commands.remoteModels(id),
          (models) => listener({ type: 'done', models }),
        ),
        listener,
      ),
    remoteContext: () => commands.remoteContext(),
    dataFolder: () => commands.dataFolder(),
    openDataFolder: async () => void (await commands.openDataFolder()),
    rebuildIndex: (listener) =>
      tellingFailure(
        job(
          (id, events) => commands.rebuildIndex(id, events),
          ({ done, total }: Rebuilt) => listener({ type: 'progress', done, total }),
          (chunks) => listener({ type: 'done', chunks }),
        ),
        listener,
      ),
    traffic: () => commands.networkTraffic(),
    drawAttention: async () => void (await commands.drawAttention()),
    diagnostics: () => commands.diagnostics(),
    version: () => commands.version(),
    openLink: async (url) => void (await commands.openLink(url)),
  };
}
