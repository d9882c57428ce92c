import { type ReactNode, useEffect } from 'react';
import type { Settings } from '@/ipc';
import { type MessageKey, t } from '@/shared/i18n';
import { Page } from '@/shared/ui/Page';
import { SearchField } from '@/shared/ui/SearchField';
import { ErrorState } from '@/shared/ui/states';
import { AnswerSettings } from './AnswerSettings';
import { AppearanceSettings } from './AppearanceSettings';
import { DataSettings } from './DataSettings';
import { Wanted } from './Field';
import { LibrarySettings } from './LibrarySettings';
import { NetworkSettings } from './NetworkSettings';
import { useSettings } from './store';

/** What each setting is called, for who looks for one by its name. */
export const SETTING_NAMES = [
  'profile.title',
  'settings.backend',
  'settings.thinking',
  'settings.first_token',
  'settings.source_tokens',
  'settings.answer_tokens',
  'settings.watched',
  'settings.embedder',
  'settings.precision',
  'settings.reranker',
  'settings.recognise_scans',
  'settings.offline',
  'settings.traffic',
  'settings.theme',
  'settings.text_size',
  'settings.language',
  'settings.folder',
  'settings.rebuild',
  'settings.diagnostics',
] as const satisfies readonly MessageKey[];

interface Properties {
  /** The profile's own view; it belongs to the models. */
  profile: ReactNode;
  onModels: () => void;
  onShortcuts: () => void;
}

/** All settings on one page, searched by their words. */
export function SettingsPage({ profile, onModels, onShortcuts }: Properties) {
  const { settings, error, search, load, change, setSearch } = useSettings();
  useEffect(() => () => setSearch(''), [setSearch]);
  if (error && !settings) return <ErrorState error={error} onRetry={() => void load()} />;
  if (!settings)
    return (
      <p className="state-view quiet" role="status">
        {t('settings.loading')}
      </p>
    );
  const both = { settings, change: (changed: Partial<Settings>): void => void change(changed) };
  const wanted = search.trim().toLowerCase();
  const profileWords = `${t('profile.title')} ${t('settings.profile_words')} n_ctx n_batch flash_attn kv`.toLowerCase();
  const sections: [id: string, title: MessageKey, body: ReactNode][] = [
    ['profile', 'profile.title', profileWords.includes(wanted) && profile],
    ['answers', 'settings.answers', <AnswerSettings key="answers" {...both} />],
    ['library', 'settings.library', <LibrarySettings key="library" {...both} />],
    ['network', 'settings.network', <NetworkSettings key="network" {...both} />],
    ['appearance', 'settings.appearance', <AppearanceSettings key="appearance" {...both} />],
    ['data', 'settings.data', <DataSettings key="data" />],
  ];
  return (
    <Page
      id="settings"
      title={t('settings.title')}
      actions={
        <>
          <button type="button" className="button" onClick={onModels}>
            {t('models.title')}
          </button>
          <button type="button" className="button" onClick={onShortcuts}>
            {t('shortcuts.title')}
          </button>
        </>
      }
    >
      <SearchField className="settings-search" label={t('settings.search')} value={search} onChange={setSearch} />
      {sections.map(([id, title, body]) => (
        // A section that is called so is shown whole, one in which nothing fits not at all.
        <Wanted key={id} value={t(title).toLowerCase().includes(wanted) ? '' : wanted}>
          <section className="settings-section" aria-labelledby={`section-${id}`}>
            <h2 id={`section-${id}`}>{t(title)}</h2>
            {body}
          </section>
        </Wanted>
      ))}
      <p className="settings-none quiet">{t('settings.no_match')}</p>
    </Page>
  );
}
