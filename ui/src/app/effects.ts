import { useEffect, useRef } from 'react';
import { isAnswering } from '@/features/chat/state';
import { useChat } from '@/features/chat/store';
import { useEvidence } from '@/features/evidence/store';
import { useLanguageOffer } from '@/features/library/languageOffer';
import { useLibrary } from '@/features/library/store';
import { useModels } from '@/features/models/store';
import { usePerformance } from '@/features/performance/store';
import { useSettings } from '@/features/settings/store';
import { useSource } from '@/features/source/store';
import { backend, type LibrarySummary } from '@/ipc';
import { setLanguage } from '@/shared/i18n';
import { fileName } from '@/shared/text/path';
import { tameName } from '@/shared/text/tame';
import { attempt, insist, warn } from '@/shared/ui/toasts';
import { useLayout } from './layout';

/** The newest conversations may be missing: that is seen, whenever somebody looks. */
const LASTING = 'conversations_restored';

/** What opening had to say. */
async function tellNotices(): Promise<void> {
  const notices = await attempt(() => backend().openingNotices());
  for (const notice of notices ?? []) {
    if (notice.code === LASTING) insist(notice);
    else warn(notice);
  }
}

/** Whether the library is open: its settings were read. */
function useOpened(): boolean {
  return useSettings((state) => state.settings !== null);
}

/** Evidence that was dropped is looked up where that is seen. */
function checkEvidence(path: string): void {
  useLayout.getState().show('evidence');
  void useEvidence.getState().open(path);
}

/** Opens the library. Who listens to one that could not be opened hears nothing, then or later: all that begins once it is open. */
export function useOpening(): void {
  const opened = useOpened();
  useEffect(() => void useSettings.getState().load(), []);
  useEffect(() => {
    if (!opened) return;
    void useChat.getState().loadList();
    void useModels.getState().load();
    void tellNotices();
    return useLibrary.getState().start(() => useLayout.getState().show('library'), checkEvidence);
  }, [opened]);
}

/** Theme, text size and language on the document itself. */
export function useAppearance(): void {
  const settings = useSettings((state) => state.settings);
  useEffect(() => {
    if (!settings) return;
    const root = document.documentElement;
    if (settings.theme === 'light' || settings.theme === 'dark') root.dataset.theme = settings.theme;
    else delete root.dataset.theme;
    root.style.fontSize = `${settings.text_size}%`;
    setLanguage(settings.language);
  }, [settings]);
}

/** The profile that is active is a setting, and is set by a switch too: each tells the other. */
export function useActiveProfile(): void {
  const set = useSettings((state) => state.settings?.profile);
  const active = useModels((state) => state.active);
  useEffect(() => {
    if (set !== undefined) useModels.getState().setActive(set);
  }, [set]);
  useEffect(() => {
    const { settings, adopt } = useSettings.getState();
    if (active !== '' && settings?.profile !== active) adopt({ profile: active });
  }, [active]);
}

function isBusy(summary: LibrarySummary | null): boolean {
  return summary !== null && summary.progress.done < summary.progress.total;
}

/** Name of the model of the settings; a server's where one writes the answers. */
export function useChosenModel(): string | null {
  const settings = useSettings((state) => state.settings);
  const models = useModels((state) => state.models);
  if (settings && settings.backend !== 'embedded') return settings.remote_model || null;
  // Until they were looked at it is known by its file alone.
  if (!models) return settings?.model ? fileName(settings.model).replace(/\.gguf$/i, '') : null;
  const entry = models.find((model) => model.active);
  return entry ? (entry.card?.name ?? entry.name) : null;
}

/** Readings of the machine cost power: only while someone looks or work is done; one reading otherwise. */
export function useTelemetry(): void {
  const panel = useLayout((state) => state.panel);
  const answering = useChat(isAnswering);
  const ingesting = useLibrary((state) => isBusy(state.summary));
  const switching = useModels((state) => state.switching !== null);
  const measuring = usePerformance((state) => state.progress !== null);
  const live = panel || answering || ingesting || switching || measuring;
  const profile = useModels((state) => state.active);
  const model = useChosenModel();
  const opened = useOpened();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another profile or model is read once more
  useEffect(() => {
    if (!opened) return;
    const stop = usePerformance.getState().listen();
    if (live) return stop;
    const timer = setTimeout(stop, 1200);
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [opened, live, profile, model]);
}

/** First questions come from the documents: asked for again when the first are ready, and when all that were added are. */
export function useSuggestions(): void {
  const some = useLibrary((state) => (state.summary?.ready ?? 0) > 0);
  const ingesting = useLibrary((state) => isBusy(state.summary));
  const opened = useOpened();
  // biome-ignore lint/correctness/useExhaustiveDependencies: each change of either is the occasion
  useEffect(() => {
    if (opened) void useChat.getState().suggest();
  }, [opened, some, ingesting]);
}

/** Looks at the languages once the engine has the search model that is shown: what was just chosen may still be on its way to it. */
async function lookAtLanguages(): Promise<void> {
  await useSettings.getState().saved();
  await useLanguageOffer.getState().load();
}

/** The library's languages against the search model: looked at again when either changed, and not while documents are read. */
export function useLanguages(): void {
  const embedder = useSettings((state) => state.settings?.embedder);
  const ready = useLibrary((state) => (isBusy(state.summary) ? null : (state.summary?.ready ?? null)));
  useEffect(() => {
    if (embedder !== undefined && ready !== null) void lookAtLanguages();
  }, [embedder, ready]);
}

/** "Citation 1 of 3" is of the conversation that is shown: another one takes it away. */
export function useOwnCitations(): void {
  const conversation = useChat((state) => state.id);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another conversation is the occasion
  useEffect(() => useSource.getState().leaveAnswer(), [conversation]);
}

/** A collection that was deleted can be asked no longer, nor silently: all documents are, and the field says so, until that is undone. */
export function useKnownScope(): void {
  const scope = useChat((state) => state.scope);
  const conversation = useChat((state) => state.id);
  const lost = useRef<{ id: number; conversation: number | null } | null>(null);
  // Until they were read it is not known which there are.
  const known = useLibrary((state) => state.summary !== null);
  const collections = useLibrary((state) => state.collections);
  useEffect(() => {
    const isThere = (id: number): boolean => collections.some((each) => each.id === id);
    const { setScope } = useChat.getState();
    if (known && scope.kind === 'collection' && !isThere(scope.id)) {
      lost.current = { id: scope.id, conversation };
      setScope({ kind: 'all' });
      return;
    }
    const before = lost.current;
    if (!before) return;
    const asksAllSince = scope.kind === 'all' && before.conversation === conversation;
    if (asksAllSince && !isThere(before.id)) return;
    lost.current = null;
    if (asksAllSince) setScope({ kind: 'collection', id: before.id });
  }, [scope, conversation, known, collections]);
}

/** The window is called after what is open in it, so that it is found again among others. */
export function useTitle(): void {
  const view = useLayout((state) => state.view);
  const title = useChat((state) => state.title);
  useEffect(() => {
    document.title = view === 'chat' && title !== '' ? `${tameName(title)} – DocMind` : 'DocMind';
  }, [view, title]);
}
