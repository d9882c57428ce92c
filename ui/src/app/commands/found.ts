import { Cpu, Folder, type LucideIcon, MessageCircleQuestion, Settings, SlidersHorizontal } from 'lucide-react';
import { useChat } from '@/features/chat/store';
import { useLibrary } from '@/features/library/store';
import { useModels } from '@/features/models/store';
import { SETTING_NAMES } from '@/features/settings/SettingsPage';
import { useSettings } from '@/features/settings/store';
import { profileName, t } from '@/shared/i18n';
import { tameName } from '@/shared/text/tame';
import { focusQuestion, showDocuments } from '../actions';
import { useLayout } from '../layout';

function lookFor(setting: string): void {
  useSettings.getState().setSearch(setting);
  useLayout.getState().show('settings');
}

/** A command made from what there is: a collection to show, a profile to switch to, a setting to look at. */
export interface Found {
  key: string;
  icon: LucideIcon;
  title: string;
  run: () => void;
}

/** Collections, profiles, models and settings by name. */
export function foundCommands(): Found[] {
  const { plans, models, active, switchTo, choose } = useModels.getState();
  const collections = useLibrary.getState().collections.flatMap(({ id, name }) => [
    {
      key: `collection-${id}`,
      icon: Folder,
      title: t('command.collection', { name: tameName(name) }),
      run: () => showDocuments(id),
    },
    {
      key: `ask-${id}`,
      icon: MessageCircleQuestion,
      title: t('command.ask_collection', { name: tameName(name) }),
      run: () => {
        useChat.getState().setScope({ kind: 'collection', id });
        focusQuestion();
      },
    },
  ]);
  const profiles = (plans ?? [])
    .filter((plan) => plan.profile.name !== active && plan.fits && plan.missing === null)
    .map(({ profile: { name } }) => ({
      key: `profile-${name}`,
      icon: SlidersHorizontal,
      title: t('command.profile', { name: profileName(name) }),
      run: () => {
        useLayout.getState().show('settings');
        void switchTo(name);
      },
    }));
  const usable = (models ?? [])
    .filter((model) => !model.active && model.card !== null)
    .map((model) => ({
      key: `model-${model.name}`,
      icon: Cpu,
      title: t('command.use_model', { name: tameName(model.name) }),
      run: () => void choose(model.path),
    }));
  const named = SETTING_NAMES.map((name) => ({
    key: `setting-${name}`,
    icon: Settings,
    title: t('command.setting', { name: t(name) }),
    run: () => lookFor(t(name)),
  }));
  return [...collections, ...profiles, ...usable, ...named];
}
