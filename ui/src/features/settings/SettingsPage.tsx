import { Search } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import type { Settings } from '@/ipc';
import { t } from '@/shared/i18n';
import { Page } from '@/shared/ui/Page';
import { ErrorState } from '@/shared/ui/states';
import { AnswerSettings } from './AnswerSettings';
import { AppearanceSettings } from './AppearanceSettings';
import { DataSettings } from './DataSettings';
import { LibrarySettings } from './LibrarySettings';
import { useSettings } from './store';

interface Section {
  id: string;
  title: string;
  /** What a search looks through. */
  words: string;
  body: ReactNode;
}

interface Properties {
  /** The profile's own view; it belongs to the models. */
  profile: ReactNode;
  onModels: () => void;
  onShortcuts: () => void;
}

/** All settings on one page, searched by their words. */
export function SettingsPage({ profile, onModels, onShortcuts }: Properties) {
  const { settings, error, load, change } = useSettings();
  const [search, setSearch] = useState('');
  if (error && !settings) return <ErrorState error={error} onRetry={() => void load()} />;
  if (!settings)
    return (
      <p className="state-view quiet" role="status">
        {t('settings.loading')}
      </p>
    );
  const apply = (changed: Partial<Settings>): void => void change(changed);
  const keys = (...names: Parameters<typeof t>[0][]): string => names.map((name) => t(name)).join(' ');
  const sections: Section[] = [
    {
      id: 'profile',
      title: t('profile.title'),
      words: `${keys('profile.title', 'settings.profile_words')} n_ctx n_batch flash_attn kv`,
      body: profile,
    },
    {
      id: 'answers',
      title: t('settings.answers'),
      words: `${keys('settings.backend', 'settings.thinking', 'settings.first_token', 'settings.source_tokens', 'settings.answer_tokens')} source_tokens answer_tokens`,
      body: <AnswerSettings settings={settings} change={apply} />,
    },
    {
      id: 'library',
      title: t('settings.library'),
      words: `${keys('settings.watched', 'settings.embedder', 'settings.precision', 'settings.reranker')} embedder reranker`,
      body: <LibrarySettings settings={settings} change={apply} />,
    },
    {
      id: 'appearance',
      title: t('settings.appearance'),
      words: keys('settings.theme', 'settings.text_size', 'settings.language'),
      body: <AppearanceSettings settings={settings} change={apply} />,
    },
    {
      id: 'data',
      title: t('settings.data'),
      words: keys('settings.folder', 'settings.rebuild', 'settings.diagnostics'),
      body: <DataSettings />,
    },
  ];
  const wanted = search.trim().toLowerCase();
  const shown = sections.filter(
    (section) => !wanted || `${section.title} ${section.words}`.toLowerCase().includes(wanted),
  );
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
      <label className="search-field settings-search">
        <Search size={16} aria-hidden />
        <span className="visually-hidden">{t('settings.search')}</span>
        <input
          type="search"
          placeholder={t('settings.search')}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
      </label>
      {shown.map((section) => (
        <section key={section.id} className="settings-section" aria-labelledby={`section-${section.id}`}>
          <h2 id={`section-${section.id}`}>{section.title}</h2>
          {section.body}
        </section>
      ))}
      {shown.length === 0 && <p className="quiet">{t('settings.no_match')}</p>}
    </Page>
  );
}
