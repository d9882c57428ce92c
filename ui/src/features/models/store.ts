import { create } from 'zustand';
import {
  backend,
  type ErrorReport,
  type HardwareInventory,
  type Job,
  type ModelEntry,
  type Profile,
  type ProfilePlan,
  reportOf,
} from '@/ipc';
import { profileName, t } from '@/shared/i18n';
import { fileName } from '@/shared/text/path';
import { announce, attempt, complain } from '@/shared/ui/toasts';

interface ModelsState {
  models: ModelEntry[] | null;
  plans: ProfilePlan[] | null;
  /** Why there are no plans, where the models are known all the same. */
  planError: ErrorReport | null;
  hardware: HardwareInventory | null;
  error: ErrorReport | null;
  active: string;
  /** A model that is being stored, and how many of its bytes are; 0 of 0 while it is looked into. */
  adding: { name: string; done: number; total: number } | null;
  switching: { profile: string; stage: string; done: number; total: number } | null;
  switchError: { error: ErrorReport; restored: string } | null;
  load: () => Promise<void>;
  setActive: (profile: string) => void;
  choose: (path: string | null) => Promise<void>;
  add: () => Promise<void>;
  stopAdding: () => void;
  remove: (name: string) => Promise<void>;
  switchTo: (profile: string) => Promise<void>;
  stopSwitch: () => void;
  /** `null` when it was saved; else why not. */
  saveProfile: (profile: Profile, replaces: string | null) => Promise<ErrorReport | null>;
  deleteProfile: (profile: Profile) => Promise<void>;
}

export const useModels = create<ModelsState>((set, get) => {
  let job: Job | null = null;
  let storing: Job | null = null;
  let looked = 0;
  let choices = 0;
  /** Where models lie that were removed, with a way back still open; by name. */
  const leaving = new Map<string, string>();

  /** Stores a file, and gives where; `null` where it was not, which has been told. */
  async function store(path: string): Promise<string | null> {
    const name = fileName(path);
    let stored: string | null = null;
    set({ adding: { name, done: 0, total: 0 } });
    await attempt(async () => {
      storing = backend().addModel(path, (event) => {
        if (event.type === 'progress') set({ adding: { name, done: event.done, total: event.total } });
        else if (event.type === 'done') {
          stored = event.path;
          // One that was removed and is added again does not go any more.
          for (const [each, where] of leaving) if (where === stored) leaving.delete(each);
        } else if (event.error.code !== 'cancelled') complain(event.error);
      });
      await storing.finished;
    });
    storing = null;
    set({ adding: null });
    return stored;
  }

  return {
    models: null,
    plans: null,
    planError: null,
    hardware: null,
    error: null,
    active: '',
    adding: null,
    switching: null,
    switchError: null,
    load: async () => {
      const mine = ++looked;
      try {
        const { models, ...rest } = await backend().inventory();
        // Plans take long: what was looked at before another choice is what was.
        if (mine === looked) set({ ...rest, models: models.filter(({ name }) => !leaving.has(name)), error: null });
      } catch (thrown) {
        if (mine === looked) set({ error: reportOf(thrown) });
      }
    },
    setActive: (active) => set({ active }),
    choose: async (path) => {
      choices += 1;
      const mine = choices;
      await attempt(async () => {
        await backend().chooseModel(path);
        // Plans for it take long: which one it is, is known at once.
        const { models } = get();
        if (models && mine === choices)
          set({ models: models.map((model) => ({ ...model, active: model.path === path })) });
      });
      await get().load();
    },
    add: async () => {
      if (get().adding) return;
      const [path] = (await attempt(() => backend().pick('model'))) ?? [];
      const stored = path === undefined ? null : await store(path);
      if (stored === null) return;
      // The first there is, is used.
      if (get().models?.some((model) => model.active)) await get().load();
      else await get().choose(stored);
    },
    stopAdding: () => storing?.cancel(),
    remove: async (name) => {
      const model = get().models?.find((each) => each.name === name);
      if (!model) return;
      // As it is now: the list may be of before the last choice.
      const settings = await attempt(() => backend().settings());
      if (!settings) return;
      const chosen = settings.model !== null && [model.path, model.name].includes(settings.model);
      const before = choices;
      /** False where that failed, which has been told. */
      const use = (path: string | null): Promise<boolean> =>
        attempt(() =>
          backend()
            .chooseModel(path)
            .then(() => true),
        ).then(Boolean);
      if (chosen && !(await use(null))) return;
      leaving.set(name, model.path);
      await get().load();
      const back = async (): Promise<void> => {
        leaving.delete(name);
        // What was chosen since stays.
        if (chosen && choices === before) await use(settings.model);
        await get().load();
      };
      // Its file goes only when the way back is gone; a window closed before that leaves it where it is.
      const settle = async (): Promise<void> => {
        // Perhaps it is this one that is being added again.
        await storing?.finished.catch(() => undefined);
        if (!leaving.has(name)) return;
        await attempt(() => backend().removeModel(name));
        leaving.delete(name);
        await get().load();
      };
      announce(t('models.removed', { name: model.card?.name ?? name }), back, () => void settle());
    },
    switchTo: async (profile) => {
      if (get().switching) return;
      set({ switching: { profile, stage: 'loading_model', done: 0, total: 0 }, switchError: null });
      job = backend().switchProfile(profile, (event) => {
        if (event.type === 'stage')
          set({ switching: { profile, stage: event.stage, done: event.done, total: event.total } });
        else if (event.type === 'done') {
          set({ switching: null, active: event.profile });
          announce(t('profile.switched', { profile: profileName(event.profile) }));
        } else
          set({
            switching: null,
            switchError: { error: event.error, restored: event.restored },
            active: event.restored,
          });
      });
      try {
        await job.finished;
      } catch (thrown) {
        set({ switching: null });
        complain(thrown);
      }
      job = null;
      await get().load();
    },
    stopSwitch: () => job?.cancel(),
    saveProfile: async (profile, replaces) => {
      try {
        await backend().saveProfile(profile, replaces);
      } catch (thrown) {
        return reportOf(thrown);
      }
      if (replaces !== null && replaces === get().active) set({ active: profile.name });
      await get().load();
      return null;
    },
    deleteProfile: async (profile) => {
      const { name } = profile;
      const wasActive = get().active === name;
      const gone = await attempt(async () => {
        await backend().deleteProfile(name);
        return true;
      });
      if (!gone) return;
      if (wasActive) set({ active: 'auto' });
      await get().load();
      announce(t('profile.deleted', { profile: name }), async () => {
        await backend().saveProfile(profile, null);
        if (wasActive) set({ active: (await backend().changeSettings({ profile: name })).profile });
        await get().load();
      });
    },
  };
});
