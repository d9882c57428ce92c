import { DropTarget } from '@/features/library/DropTarget';
import { ActiveParameters } from '@/features/models/ActiveParameters';
import { PerformancePanel } from '@/features/performance/PerformancePanel';
import { StatusStrip } from '@/features/performance/StatusStrip';
import { useSettings } from '@/features/settings/store';
import { t, useLanguage } from '@/shared/i18n';
import { ErrorState } from '@/shared/ui/states';
import { ToastList } from '@/shared/ui/toasts';
import { useLate } from '@/shared/ui/useLate';
import { Columns } from './Columns';
import { hint } from './commands';
import {
  useActiveProfile,
  useAppearance,
  useChosenModel,
  useKnownScope,
  useLanguages,
  useOpening,
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

/** Opening a library takes a moment, or much longer: after a crash, or from a slow disk. */
function Opening() {
  if (!useLate(true)) return null;
  return (
    <p className="state-view quiet" role="status">
      {t('app.opening')}
    </p>
  );
}

/** The window. */
export function App() {
  const language = useLanguage();
  const { settings, error } = useSettings();
  const panel = useLayout((state) => state.panel);
  // What somebody dropped to have it looked up is shown before any welcome.
  const evidence = useLayout((state) => state.view === 'evidence');
  const set = useLayout((state) => state.set);
  const model = useChosenModel();
  useAppearance();
  useActiveProfile();
  useShortcuts();
  usePaste();
  useOpening();
  useTelemetry();
  useSuggestions();
  useLanguages();
  useOwnCitations();
  useKnownScope();
  useTitle();
  if (!settings)
    return (
      <main className="window">
        {error ? <ErrorState error={error} onRetry={() => void useSettings.getState().load()} /> : <Opening />}
      </main>
    );
  return (
    <div className="window" key={language}>
      {settings.welcomed || evidence ? (
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
