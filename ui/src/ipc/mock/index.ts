import type { Backend } from '../backend';
import type { DropEvent, IngestEvent, Scope } from '../types';
import { MOCK_SPANS, MockChat, SOURCES } from './chat';
import { checkEvidence } from './evidence';
import { MockLibrary, report } from './library';
import { DEFAULTS, MockMachine } from './machine';
import { drawPage, mockPage, PASSAGES } from './pages';
import { wait } from './random';

const EXPORTED = { markdown: 'md', html: 'html', evidence: 'evidence.json' } as const;

/** How the mock behaves; from the address in a browser, given directly in tests. */
export interface MockOptions {
  documents: number;
  pending: number;
  turns: number;
  /** Factor on every delay; 0 answers at once. */
  speed: number;
  hostile: boolean;
  /** Most documents are in a language that the default embedder does not know. */
  foreign: boolean;
  model: boolean;
  gpu: boolean;
  welcomed: boolean;
  theme: string;
  language: string;
  /** Percent. */
  textSize: number;
  /** Commands that fail, for the error states; with `opening` in it the library cannot be opened. */
  failing: string[];
  /** Codes of what opening had to say. */
  notices: string[];
}

export const MOCK_DEFAULTS: MockOptions = {
  documents: 1204,
  pending: 0,
  turns: 3,
  speed: 1,
  hostile: false,
  foreign: false,
  model: true,
  gpu: true,
  welcomed: true,
  theme: 'system',
  language: 'en',
  textSize: 100,
  failing: [],
  notices: [],
};

const NOTICES: Record<string, string> = {
  conversations_restored:
    'The file of your conversations was damaged; the copy of yesterday took its place.\nThe newest may be missing.',
  settings_damaged: 'The settings file could not be read, so the defaults are used.\nThe old file is kept beside it.',
};

/** Reads the options from a query string such as `?documents=10000&turns=1000`. */
export function optionsFrom(search: string): MockOptions {
  const given = new URLSearchParams(search);
  const number = (name: string, fallback: number): number => Number(given.get(name) ?? fallback);
  const flag = (name: string, fallback: boolean): boolean => (given.has(name) ? given.get(name) !== '0' : fallback);
  return {
    documents: number('documents', MOCK_DEFAULTS.documents),
    pending: number('pending', MOCK_DEFAULTS.pending),
    turns: number('turns', MOCK_DEFAULTS.turns),
    speed: number('speed', MOCK_DEFAULTS.speed),
    hostile: flag('hostile', false),
    foreign: flag('foreign', false),
    model: flag('model', true),
    gpu: flag('gpu', true),
    welcomed: flag('welcomed', true),
    theme: given.get('theme') ?? 'system',
    language: given.get('language') ?? 'en',
    textSize: number('text_size', MOCK_DEFAULTS.textSize),
    failing: given.get('failing')?.split(',') ?? [],
    notices: given.get('notices')?.split(',') ?? [],
  };
}

/** A backend in memory that behaves: it streams, waits, fails when told to, holds ten thousand documents and hostile names. */
export function createMock(options: MockOptions): Backend {
  for (const page of Object.keys(PASSAGES).map(Number)) {
    const row = new MockLibrary(1, 0).find(1);
    const text = mockPage(row, page).text;
    const passage = PASSAGES[page] ?? '';
    const start = [...text.slice(0, text.indexOf(passage))].length;
    MOCK_SPANS.set(page, { start, end: start + [...passage].length });
  }
  for (const source of SOURCES) source.span = MOCK_SPANS.get(source.page) ?? source.span;

  const library = new MockLibrary(options.documents, options.pending);
  const settings = {
    ...DEFAULTS,
    model: options.model ? DEFAULTS.model : null,
    welcomed: options.welcomed,
    theme: options.theme,
    language: options.language,
    text_size: options.textSize,
  };
  const machine = new MockMachine(settings, options.speed, options.gpu, () => library.progress());
  const chat = new MockChat(
    options.speed,
    () => ({ model: machine.settings.model !== null, profile: machine.active().name }),
    () => library.rows,
  );
  const dropListeners = new Set<(event: DropEvent) => void>();
  if (options.turns > 0) {
    chat.addTitles([
      'Boiler manual: error F28',
      'Insurance: water damage',
      'Who signed the minutes of March?',
      'Travel costs to Porto',
    ]);
    chat.fill(options.turns);
  }
  if (options.hostile) {
    library.makeHostile();
    chat.makeHostile();
  }
  if (typeof window !== 'undefined') {
    Object.assign(window, {
      // As the shell does it: what is dropped is added there, the page only hears that nothing hangs over it any more, and of evidence.
      mockDrop: (event: DropEvent | { type: 'drop'; paths: string[] }) => {
        const told: DropEvent[] = event.type === 'drop' ? [{ type: 'leave' }] : [event];
        if (event.type === 'drop') {
          const isEvidence = (path: string): boolean => path.endsWith('.evidence.json');
          const documents = event.paths.filter((path) => !isEvidence(path));
          if (documents.length > 0) library.enqueue(documents);
          const path = event.paths.find(isEvidence);
          if (path !== undefined) told.push({ type: 'evidence', path });
        }
        for (const each of told) for (const listener of dropListeners) listener(each);
      },
      mockIngest: (event: IngestEvent) => library.tell(event),
      mockGo: (pieces: number) => chat.go(pieces),
    });
  }

  const isShut = (): boolean => options.failing.includes('opening');
  const nothing = (): void => undefined;

  /** Answers after a moment, or fails when told to. */
  async function after<T>(name: string, make: () => T): Promise<T> {
    await wait(30 * options.speed);
    if (isShut()) throw report('library_in_use', 'Another DocMind has this library open.\nClose it and start again.');
    if (options.failing.includes(name)) throw report('mock_failure', `\`${name}\` failed.\nTry again.`);
    return make();
  }

  return {
    documents: (query) => after('documents', () => library.list(query)),
    document: (id) => after('document', () => library.find(id)),
    summary: () => after('summary', () => library.summary()),
    languageOffer: () =>
      after('languageOffer', () => (options.foreign ? library.languageOffer(machine.settings) : null)),
    addPaths: (paths) => after('addPaths', () => library.enqueue(paths)),
    addSamples: () =>
      after('addSamples', () =>
        library.enqueue([
          '/samples/Lease (sample).pdf',
          '/samples/Boiler manual (sample).pdf',
          '/samples/Minutes (sample).docx',
        ]),
      ),
    pick: (kind) =>
      after('pick', () =>
        kind === 'model'
          ? ['/home/ada/Models/Mistral-7B-Q5_K_M.gguf']
          : kind === 'folder'
            ? ['/home/ada/Documents/New folder']
            : ['/home/ada/Documents/Picked one.pdf', '/home/ada/Documents/Damaged two.pdf'],
      ),
    removeDocuments: (ids) => after('removeDocuments', () => library.remove(ids)),
    retry: (ids) => after('retry', () => library.retry(ids)),
    setIngestPaused: (paused) => after('setIngestPaused', () => library.setPaused(paused)),
    cancelIngest: () => after('cancelIngest', () => library.cancel()),
    openDocument: () => after('openDocument', () => undefined),
    revealDocument: () => after('revealDocument', () => undefined),
    onIngest: (listener) => (isShut() ? nothing : library.listen(listener)),
    onDrop: (listener) => {
      dropListeners.add(listener);
      return () => void dropListeners.delete(listener);
    },

    collections: () => after('collections', () => library.collectionList()),
    createCollection: (name, documents) => after('createCollection', () => library.createCollection(name, documents)),
    renameCollection: (id, name) =>
      after('renameCollection', () => {
        library.collection(id).name = name;
      }),
    deleteCollection: (id) => after('deleteCollection', () => library.deleteCollection(id)),
    addToCollection: (id, documents) =>
      after('addToCollection', () => {
        for (const each of documents) library.collection(id).members.add(each);
      }),
    removeFromCollection: (id, documents) =>
      after('removeFromCollection', () => {
        for (const each of documents) library.collection(id).members.delete(each);
      }),

    ask: (request, listener) => {
      machine.load();
      machine.generating = true;
      const job = chat.ask(request, listener);
      const ended = job.finished.finally(() => {
        machine.generating = false;
      });
      return { ...job, finished: ended };
    },
    conversations: (search) => after('conversations', () => chat.list(search)),
    conversation: (id) => after('conversation', () => chat.detail(id)),
    renameConversation: (id, title) => after('renameConversation', () => chat.rename(id, title)),
    deleteConversation: (id) => after('deleteConversation', () => chat.delete(id)),
    exportConversation: (_id, format) =>
      after('exportConversation', () => `/home/ada/Documents/Contract review.${EXPORTED[format]}`),
    checkEvidence: (_path, folder, listener) => checkEvidence(folder, options.speed, listener),
    suggestions: (scope: Scope) =>
      after('suggestions', () =>
        library.rows.length === 0
          ? []
          : scope.kind === 'all'
            ? [
                'When may the tenant end the lease early?',
                'What does error F28 of the boiler mean?',
                'Who pays for minor repairs?',
              ]
            : ['What is due when the lease ends early?'],
      ),
    trace: () => after('trace', () => chat.trace()),
    wantsEverything: (conversation, turn) => after('wantsEverything', () => chat.wantsEverything(conversation, turn)),

    page: (document, number) => after('page', () => mockPage(library.find(document), number)),
    renderPage: async (document, number, scale, tile) =>
      drawPage(await after('renderPage', () => mockPage(library.find(document), number)), scale, tile),
    findInDocument: (document, text) =>
      after('findInDocument', () => {
        const row = library.find(document);
        const found: { page: number; span: { start: number; end: number } }[] = [];
        const words = text.toLowerCase();
        for (let number = 1; number <= row.pages && words; number++) {
          const page = mockPage(row, number).text.toLowerCase();
          for (let at = page.indexOf(words); at >= 0; at = page.indexOf(words, at + 1)) {
            const start = [...page.slice(0, at)].length;
            found.push({ page: number, span: { start, end: start + [...words].length } });
          }
        }
        return found;
      }),

    telemetry: (listener) => (isShut() ? nothing : machine.listen(listener)),
    benchmark: (profiles, listener) => machine.benchmark(profiles, listener),
    promises: (listener) => machine.promises(listener),
    benchmarkHistory: () => after('benchmarkHistory', () => machine.history()),

    inventory: () =>
      after('inventory', () => ({
        models: machine.models(),
        plans: machine.plans(),
        planError: null,
        hardware: machine.hardware(),
      })),
    saveProfile: (profile, replaces) => after('saveProfile', () => machine.saveProfile(profile, replaces)),
    deleteProfile: (name) => after('deleteProfile', () => machine.deleteProfile(name)),
    switchProfile: (name, listener) => machine.switch(name, listener),
    addModel: (path, listener) => machine.addModel(path, listener),
    removeModel: (name) => after('removeModel', () => machine.removeModel(name)),
    chooseModel: (path) => after('chooseModel', () => void machine.change({ model: path })),

    openingNotices: () =>
      after('openingNotices', () => options.notices.map((code) => ({ code, message: NOTICES[code] ?? code }))),
    settings: () => after('settings', () => machine.settings),
    changeSettings: (change) => after('changeSettings', () => machine.change(change)),
    remoteModels: (listener) => machine.remoteModels(listener),
    remoteContext: () => after('remoteContext', () => machine.remoteContext()),
    dataFolder: () =>
      after('dataFolder', () => ({
        path: '/home/ada/.local/share/docmind',
        parts: [
          { name: 'library', bytes: 412_000_000 },
          { name: 'index', bytes: 96_000_000 },
          { name: 'user', bytes: 2_100_000 },
          { name: 'models', bytes: 2_497_000_000 },
          { name: 'logs', bytes: 840_000 },
        ],
      })),
    openDataFolder: () => after('openDataFolder', () => undefined),
    rebuildIndex: (listener) => machine.rebuild(library.summary().chunks, listener),
    traffic: () => after('traffic', () => machine.traffic()),
    drawAttention: () => after('drawAttention', () => undefined),
    diagnostics: () =>
      after(
        'diagnostics',
        () =>
          'DocMind 0.1.0 (mock)\n1 GPU: NVIDIA GeForce RTX 4070 Laptop, 8188 MiB\nProfile balanced, Qwen3-4B Q4_K_M',
      ),
    version: () => after('version', () => '0.1.0'),
    openLink: (url) => after('openLink', () => void Object.assign(window, { mockOpened: url })),
  };
}
