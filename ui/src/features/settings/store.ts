import { create } from 'zustand';
import {
  backend,
  type DataFolder,
  type ErrorReport,
  type Job,
  type RemoteContext,
  reportOf,
  type Settings,
} from '@/ipc';
import { t } from '@/shared/i18n';
import { announce, attempt, complain } from '@/shared/ui/toasts';

interface SettingsState {
  settings: Settings | null;
  error: ErrorReport | null;
  /** `null` while the server is asked for it. */
  remoteContext: RemoteContext | null;
  remoteContextError: ErrorReport | null;
  folder: DataFolder | null;
  folderError: ErrorReport | null;
  version: string;
  rebuilding: { done: number; total: number } | null;
  /** What is looked for on the page. */
  search: string;
  setSearch: (search: string) => void;
  /** Asks for a folder and follows it. */
  watch: () => Promise<void>;
  /** Follows a folder no longer; its documents stay. */
  unwatch: (folder: string) => Promise<void>;
  load: () => Promise<void>;
  change: (change: Partial<Settings>) => Promise<void>;
  /** What the engine has changed by itself, such as by a switch of the profile. */
  adopt: (changed: Partial<Settings>) => void;
  /** When all that was changed here has reached the engine. */
  saved: () => Promise<unknown>;
  /** Asks the server of the settings how much it reads at once. */
  askRemoteContext: () => Promise<void>;
  loadFolder: () => Promise<void>;
  rebuild: () => Promise<void>;
  stopRebuild: () => void;
  copyDiagnostics: () => Promise<void>;
}

/** Percent of the normal text size that can be chosen. */
export const TEXT_SIZES = [85, 100, 115, 130, 150] as const;

export const useSettings = create<SettingsState>((set, get) => {
  let job: Job | null = null;
  // The engine asks the server of the settings that it has: what is shown already may still be on its way to it.
  let saved: Promise<unknown> = Promise.resolve();
  let asked = 0;
  /** What the engine has, as far as it said. */
  let known: Settings | null = null;
  /** Changes on their way to it, in their order. */
  const pending = new Set<Partial<Settings>>();
  /** Shown at once is what is changed; what the engine makes of it follows. */
  const show = (): void => {
    if (known) set({ settings: Object.assign({}, known, ...pending) });
  };
  const watched = (): readonly string[] => get().settings?.watched_folders ?? [];
  const follow = (folders: readonly string[]): Promise<void> =>
    get().change({ watched_folders: [...new Set([...watched(), ...folders])] });
  return {
    settings: null,
    error: null,
    remoteContext: null,
    remoteContextError: null,
    folder: null,
    folderError: null,
    version: '',
    rebuilding: null,
    search: '',
    setSearch: (search) => set({ search }),
    watch: async () => {
      const paths = (await attempt(() => backend().pick('folder'))) ?? [];
      if (paths.length > 0) await follow(paths);
    },
    unwatch: async (folder) => {
      await get().change({ watched_folders: watched().filter((each) => each !== folder) });
      // Refused, it is still there, and that was said.
      if (!watched().includes(folder)) announce(t('settings.unwatched', { folder }), () => follow([folder]));
    },
    load: async () => {
      set({ error: null });
      try {
        known = await backend().settings();
        show();
      } catch (thrown) {
        set({ error: reportOf(thrown) });
      }
    },
    change: async (change) => {
      if (!get().settings) return;
      pending.add(change);
      show();
      // One after the other: the last of two that change the same is the one that stays.
      const saving = saved.then(() => attempt(() => backend().changeSettings(change)));
      saved = saving;
      known = (await saving) ?? known;
      pending.delete(change);
      show();
    },
    adopt: (changed) => {
      if (!known || !get().settings) return;
      known = { ...known, ...changed };
      show();
    },
    saved: () => saved,
    askRemoteContext: async () => {
      asked += 1;
      const own = asked;
      set({ remoteContext: null, remoteContextError: null });
      await saved;
      const told = await backend()
        .remoteContext()
        .then(
          (remoteContext) => ({ remoteContext }),
          (thrown: unknown) => ({ remoteContextError: reportOf(thrown) }),
        );
      // Only what is said of the server that was asked last counts.
      if (own === asked) set(told);
    },
    loadFolder: async () => {
      try {
        const [folder, version] = await Promise.all([backend().dataFolder(), backend().version()]);
        set({ folder, version, folderError: null });
      } catch (thrown) {
        set({ folderError: reportOf(thrown) });
      }
    },
    rebuild: async () => {
      if (job) return;
      set({ rebuilding: { done: 0, total: 0 } });
      await attempt(async () => {
        job = backend().rebuildIndex((event) => {
          if (event.type === 'progress') set({ rebuilding: { done: event.done, total: event.total } });
          else if (event.type === 'done') announce(t('settings.rebuilt', { n: event.chunks }));
          // Stopped by the person who started it: nothing has failed.
          else if (event.error.code !== 'cancelled') complain(event.error);
        });
        await job.finished;
      });
      job = null;
      set({ rebuilding: null });
    },
    stopRebuild: () => job?.cancel(),
    copyDiagnostics: async () => {
      await attempt(async () => {
        const text = backend().diagnostics();
        // WebKit lets a page at the clipboard within the click alone: it is given the promise, before the text is there.
        const blob = text.then((words) => new Blob([words], { type: 'text/plain' }));
        await navigator.clipboard.write([new ClipboardItem({ 'text/plain': blob })]);
        announce(t('settings.diagnostics_copied'));
      });
    },
  };
});
