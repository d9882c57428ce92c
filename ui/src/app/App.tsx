import { PanelLeft, PanelRight } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useSyncExternalStore } from 'react';
import { ChatPage } from '@/features/chat/ChatPage';
import { useChat } from '@/features/chat/store';
import { DropTarget } from '@/features/library/LibraryNav';
import { EmptyLibrary, LibraryPage } from '@/features/library/LibraryPage';
import { useLanguageOffer } from '@/features/library/languageOffer';
import { useLibrary } from '@/features/library/store';
import { ActiveParameters } from '@/features/models/ActiveParameters';
import { ModelsPage } from '@/features/models/ModelsPage';
import { ProfileChoice } from '@/features/models/ProfileChoice';
import { useModels } from '@/features/models/store';
import { BenchmarkPage } from '@/features/performance/BenchmarkPage';
import { PerformancePanel } from '@/features/performance/PerformancePanel';
import { StatusStrip } from '@/features/performance/StatusStrip';
import { usePerformance } from '@/features/performance/store';
import { SettingsPage } from '@/features/settings/SettingsPage';
import { useSettings } from '@/features/settings/store';
import { SourcePanel } from '@/features/source/SourcePanel';
import { useSource } from '@/features/source/store';
import type { LibrarySummary } from '@/ipc';
import { setLanguage, t, useLanguage } from '@/shared/i18n';
import { Splitter } from '@/shared/ui/Splitter';
import { ErrorState } from '@/shared/ui/states';
import { ToastList } from '@/shared/ui/toasts';
import { askAbout, chooseEmbedder, openCitation, openSource, readDocument } from './actions';
import { hint } from './commands';
import { FirstStart } from './FirstStart';
import { overlays, useLayout } from './layout';
import { Palette } from './Palette';
import { ShortcutsPage } from './ShortcutsPage';
import { Sidebar } from './Sidebar';
import { useShortcuts } from './useShortcuts';

function useWidth(): number {
  return useSyncExternalStore(
    (changed) => {
      window.addEventListener('resize', changed);
      return () => window.removeEventListener('resize', changed);
    },
    () => window.innerWidth,
  );
}

/** Theme, text size and language on the document itself. */
function useAppearance(): void {
  const settings = useSettings((state) => state.settings);
  useEffect(() => {
    if (!settings) return;
    const root = document.documentElement;
    if (settings.theme === 'light' || settings.theme === 'dark') root.dataset.theme = settings.theme;
    else delete root.dataset.theme;
    root.style.fontSize = `${settings.text_size}%`;
    setLanguage(settings.language);
    useModels.getState().setActive(settings.profile);
  }, [settings]);
}

function isBusy(summary: LibrarySummary | null): boolean {
  return summary !== null && summary.progress.done < summary.progress.total;
}

/** Name of the model of the settings; a server's where one writes the answers. */
function useChosenModel(): string | null {
  const settings = useSettings((state) => state.settings);
  const models = useModels((state) => state.models);
  if (settings && settings.backend !== 'embedded') return settings.remote_model || null;
  const entry = models?.find((model) => model.active);
  return entry ? (entry.card?.name ?? entry.name) : null;
}

/** Readings of the machine cost power: only while someone looks or work is done; one reading otherwise. */
function useTelemetry(): void {
  const panel = useLayout((state) => state.panel);
  const answering = useChat((state) => state.running !== null && state.running.error === null);
  const ingesting = useLibrary((state) => isBusy(state.summary));
  const switching = useModels((state) => state.switching !== null);
  const measuring = usePerformance((state) => state.progress !== null);
  const live = panel || answering || ingesting || switching || measuring;
  const profile = useModels((state) => state.active);
  const model = useChosenModel();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another profile or model is read once more
  useEffect(() => {
    const stop = usePerformance.getState().listen();
    if (live) return stop;
    const timer = setTimeout(stop, 1200);
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [live, profile, model]);
}

/** First questions come from the documents: asked for again when the first are ready, and when all that were added are. */
function useSuggestions(): void {
  const some = useLibrary((state) => (state.summary?.ready ?? 0) > 0);
  const ingesting = useLibrary((state) => isBusy(state.summary));
  // biome-ignore lint/correctness/useExhaustiveDependencies: each change of either is the occasion
  useEffect(() => void useChat.getState().suggest(), [some, ingesting]);
}

/** The library's languages against the search model: looked at again when either changed, and not while documents are read. */
function useLanguages(): void {
  const settings = useSettings((state) => state.settings);
  const ready = useLibrary((state) => (isBusy(state.summary) ? null : (state.summary?.ready ?? null)));
  useEffect(() => {
    if (settings && ready !== null) void useLanguageOffer.getState().load();
  }, [settings, ready]);
}

/** "Citation 1 of 3" is of the conversation that is shown: another one takes it away. */
function useOwnCitations(): void {
  const conversation = useChat((state) => state.id);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another conversation is the occasion
  useEffect(() => useSource.getState().leaveAnswer(), [conversation]);
}

function Main() {
  const view = useLayout((state) => state.view);
  const show = useLayout((state) => state.show);
  const sidebar = useLayout((state) => state.sidebar);
  const documents = useLibrary((state) => state.summary?.documents ?? 0);
  const collections = useLibrary((state) => state.collections);
  const { plans, models } = useModels();
  switch (view) {
    case 'chat':
      return (
        <ChatPage
          documents={documents}
          collections={collections}
          empty={<EmptyLibrary />}
          onOpen={openCitation}
          onOpenSource={openSource}
          onChoose={() => show('library')}
          onSearch={() => useLayout.getState().set({ palette: true })}
          newHere={!sidebar}
        />
      );
    case 'library':
      return <LibraryPage onOpen={readDocument} onAsk={askAbout} onChooseEmbedder={chooseEmbedder} />;
    case 'settings':
      return (
        <SettingsPage
          profile={<ProfileChoice />}
          onModels={() => show('models')}
          onShortcuts={() => show('shortcuts')}
        />
      );
    case 'models':
      return <ModelsPage />;
    case 'benchmark':
      return (
        <BenchmarkPage
          profiles={(plans ?? []).map((plan) => ({
            name: plan.profile.name,
            runnable: plan.fits && plan.missing === null,
          }))}
          hasModel={models?.some((model) => model.active) ?? false}
          onModels={() => show('models')}
        />
      );
    case 'shortcuts':
      return <ShortcutsPage />;
  }
}

function Overlay({ side, onClose, children }: { side: 'left' | 'right'; onClose: () => void; children: ReactNode }) {
  return (
    <>
      <div className="overlay-veil" aria-hidden onPointerDown={onClose} />
      <div className={`overlay ${side}`}>{children}</div>
    </>
  );
}

function Columns() {
  const { sidebar, source, sidebarWidth, sourceWidth, set } = useLayout();
  const width = useWidth();
  const textSize = useSettings((state) => state.settings?.text_size ?? 100);
  const { source: sourceOver, sidebar: sidebarOver } = overlays(width, textSize);
  // Widths are kept as they are at the normal text size.
  const scale = textSize / 100;
  const shownSidebar = Math.round(sidebarWidth * scale);
  // Where the library would lie over the answer it opens only when asked for; it comes back with the room for it.
  const wasOver = useRef(false);
  useEffect(() => {
    if (sidebarOver !== wasOver.current) set({ sidebar: !sidebarOver });
    wasOver.current = sidebarOver;
  }, [sidebarOver, set]);
  const closeSource = (): void => set({ source: false });
  const roomForSource = Math.max(320, width - (sidebar ? shownSidebar : 0) - 400);
  const shownSource = Math.min(sourceWidth, roomForSource);
  return (
    <div className="columns">
      {sidebar && !sidebarOver && (
        <>
          <div className="column" style={{ width: shownSidebar }}>
            <Sidebar />
          </div>
          <Splitter
            label={t('app.resize_sidebar')}
            width={shownSidebar}
            minimum={200 * scale}
            maximum={400 * scale}
            side="left"
            onResize={(width) => set({ sidebarWidth: width / scale })}
          />
        </>
      )}
      <main className="column main">
        <button
          type="button"
          className="icon-button edge-button left"
          aria-pressed={sidebar}
          title={hint('sidebar')}
          aria-label={t('command.sidebar')}
          onClick={() => set({ sidebar: !sidebar })}
        >
          <PanelLeft size={16} aria-hidden />
        </button>
        <Main />
        <button
          type="button"
          className="icon-button edge-button right"
          aria-pressed={source}
          title={hint('source')}
          aria-label={t('command.source')}
          onClick={() => set({ source: !source })}
        >
          <PanelRight size={16} aria-hidden />
        </button>
      </main>
      {source && !sourceOver && (
        <>
          <Splitter
            label={t('app.resize_source')}
            width={shownSource}
            minimum={300}
            maximum={roomForSource}
            side="right"
            onResize={(sourceWidth) => set({ sourceWidth })}
          />
          <div className="column" style={{ width: shownSource }}>
            <SourcePanel onClose={closeSource} />
          </div>
        </>
      )}
      {source && sourceOver && (
        <Overlay side="right" onClose={closeSource}>
          <SourcePanel onClose={closeSource} />
        </Overlay>
      )}
      {sidebar && sidebarOver && (
        <Overlay side="left" onClose={() => set({ sidebar: false })}>
          <Sidebar />
        </Overlay>
      )}
    </div>
  );
}

/** The window. */
export function App() {
  const language = useLanguage();
  const { settings, error } = useSettings();
  const panel = useLayout((state) => state.panel);
  const set = useLayout((state) => state.set);
  const model = useChosenModel();
  useAppearance();
  useShortcuts();
  useEffect(() => {
    void useSettings.getState().load();
    void useChat.getState().loadList();
    return useLibrary.getState().start();
  }, []);
  useTelemetry();
  useSuggestions();
  useLanguages();
  useOwnCitations();
  useEffect(() => {
    if (settings) void useModels.getState().load();
  }, [settings]);
  if (error && !settings) return <ErrorState error={error} onRetry={() => void useSettings.getState().load()} />;
  if (!settings) return null;
  return (
    <div className="window" key={language}>
      {settings.welcomed ? (
        <>
          <Columns />
          {panel && (
            <PerformancePanel
              parameters={(profile) => <ActiveParameters profile={profile} />}
              onClose={() => set({ panel: false })}
              onBenchmark={() => {
                set({ panel: false });
                useLayout.getState().show('benchmark');
              }}
            />
          )}
          <StatusStrip
            open={panel}
            hint={hint('performance')}
            chosen={model === null ? null : { model, profile: settings.profile }}
            onToggle={() => set({ panel: !panel })}
          />
          <Palette />
        </>
      ) : (
        <FirstStart />
      )}
      <DropTarget />
      <ToastList />
    </div>
  );
}
