import { useEffect } from 'react';
import { useChat } from '@/features/chat/store';
import { DropTarget } from '@/features/library/DropTarget';
import { useLibrary } from '@/features/library/store';
import { ActiveParameters } from '@/features/models/ActiveParameters';
import { useModels } from '@/features/models/store';
import { PerformancePanel } from '@/features/performance/PerformancePanel';
import { StatusStrip } from '@/features/performance/StatusStrip';
import { useSettings } from '@/features/settings/store';
import { useLanguage } from '@/shared/i18n';
import { ErrorState } from '@/shared/ui/states';
import { ToastList } from '@/shared/ui/toasts';
import { Columns } from './Columns';
import { hint } from './commands';
import {
  useAppearance,
  useChosenModel,
  useLanguages,
  useOwnCitations,
  useSuggestions,
  useTelemetry,
  useTitle,
} from './effects';
import { FirstStart } from './FirstStart';
import { useLayout } from './layout';
import { Palette } from './Palette';
import { usePaste } from './usePaste';
import { useShortcuts } from './useShortcuts';

/** The window. */
export function App() {
  const language = useLanguage();
  const { settings, error } = useSettings();
  const panel = useLayout((state) => state.panel);
  const set = useLayout((state) => state.set);
  const model = useChosenModel();
  useAppearance();
  useShortcuts();
  usePaste();
  useEffect(() => {
    void useSettings.getState().load();
    void useChat.getState().loadList();
    return useLibrary.getState().start(() => useLayout.getState().show('library'));
  }, []);
  useTelemetry();
  useSuggestions();
  useLanguages();
  useOwnCitations();
  useTitle();
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
