import { Copy, FolderOpen, FolderPlus, RefreshCw, Search, X } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { backend, type Precision, type Settings } from '@/ipc';
import { maybe, t } from '@/shared/i18n';
import { bytes } from '@/shared/text/format';
import { tameName } from '@/shared/text/tame';
import { ErrorState, Progress } from '@/shared/ui/states';
import { attempt } from '@/shared/ui/toasts';
import { Field } from './Field';
import { useSettings } from './store';

interface Section {
  id: string;
  title: string;
  /** What a search looks through. */
  words: string;
  body: ReactNode;
}

interface NumberProperties {
  id: string;
  value: number;
  min: number;
  max: number;
  step: number;
  onChange: (value: number) => void;
}

function NumberField({ id, value, min, max, step, onChange }: NumberProperties) {
  return (
    <input
      key={value}
      id={id}
      type="number"
      className="field number-field tabular"
      aria-describedby={`${id}-text`}
      defaultValue={value}
      min={min}
      max={max}
      step={step}
      onBlur={(event) => {
        const given = Number(event.target.value);
        if (Number.isFinite(given) && given !== value) onChange(Math.max(min, Math.min(max, given)));
      }}
      onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
    />
  );
}

function TextField({ id, value, onChange }: { id: string; value: string; onChange: (value: string) => void }) {
  return (
    <input
      key={value}
      id={id}
      className="field"
      aria-describedby={`${id}-text`}
      defaultValue={value}
      onBlur={(event) => {
        if (event.target.value !== value) onChange(event.target.value.trim());
      }}
      onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
    />
  );
}

function Appearance({ settings, change }: { settings: Settings; change: (change: Partial<Settings>) => void }) {
  return (
    <>
      <Field id="theme" label={t('settings.theme')} text={t('settings.theme_text')}>
        <select id="theme" value={settings.theme} onChange={(event) => change({ theme: event.target.value })}>
          {['system', 'light', 'dark'].map((theme) => (
            <option key={theme} value={theme}>
              {maybe(`theme.${theme}`)}
            </option>
          ))}
        </select>
      </Field>
      <Field id="text_size" label={t('settings.text_size')} text={t('settings.text_size_text')}>
        <select
          id="text_size"
          value={settings.text_size}
          onChange={(event) => change({ text_size: Number(event.target.value) })}
        >
          {[85, 100, 115, 130, 150].map((size) => (
            <option key={size} value={size}>
              {size} %
            </option>
          ))}
        </select>
      </Field>
      <Field id="language" label={t('settings.language')} text={t('settings.language_text')}>
        <select id="language" value={settings.language} onChange={(event) => change({ language: event.target.value })}>
          <option value="system">{t('theme.system')}</option>
          <option value="en">English</option>
          <option value="de">Deutsch</option>
        </select>
      </Field>
    </>
  );
}

function Answers({ settings, change }: { settings: Settings; change: (change: Partial<Settings>) => void }) {
  const remote = settings.backend !== 'embedded';
  return (
    <>
      <Field id="backend" label={t('settings.backend')} name="backend" text={t('settings.backend_text')}>
        <select
          id="backend"
          value={settings.backend}
          onChange={(event) => change({ backend: event.target.value as Settings['backend'] })}
        >
          <option value="embedded">{t('backend.embedded')}</option>
          <option value="ollama">Ollama</option>
          <option value="open_ai">{t('backend.open_ai')}</option>
        </select>
      </Field>
      {remote && (
        <>
          <Field
            id="remote_url"
            label={t('settings.remote_url')}
            name="remote_url"
            text={t('settings.remote_url_text')}
          >
            <TextField
              id="remote_url"
              value={settings.remote_url}
              onChange={(value) => change({ remote_url: value })}
            />
          </Field>
          <Field
            id="remote_model"
            label={t('settings.remote_model')}
            name="remote_model"
            text={t('settings.remote_model_text')}
          >
            <TextField
              id="remote_model"
              value={settings.remote_model}
              onChange={(value) => change({ remote_model: value })}
            />
          </Field>
        </>
      )}
      <Field id="thinking" label={t('settings.thinking')} text={t('settings.thinking_text')}>
        <input
          id="thinking"
          type="checkbox"
          className="switch"
          checked={settings.thinking}
          onChange={(event) => change({ thinking: event.target.checked })}
        />
      </Field>
      <Field
        id="first_token_target_s"
        label={t('settings.first_token')}
        name="first_token_target_s"
        text={t('settings.first_token_text')}
      >
        <NumberField
          id="first_token_target_s"
          value={settings.first_token_target_s}
          min={1}
          max={120}
          step={1}
          onChange={(value) => change({ first_token_target_s: value })}
        />
      </Field>
      <Field
        id="source_tokens"
        label={t('settings.source_tokens')}
        name="source_tokens"
        text={t('settings.source_tokens_text')}
      >
        <NumberField
          id="source_tokens"
          value={settings.source_tokens}
          min={256}
          max={131072}
          step={256}
          onChange={(value) => change({ source_tokens: value })}
        />
      </Field>
      <Field
        id="answer_tokens"
        label={t('settings.answer_tokens')}
        name="answer_tokens"
        text={t('settings.answer_tokens_text')}
      >
        <NumberField
          id="answer_tokens"
          value={settings.answer_tokens}
          min={64}
          max={16384}
          step={64}
          onChange={(value) => change({ answer_tokens: value })}
        />
      </Field>
    </>
  );
}

function Library({ settings, change }: { settings: Settings; change: (change: Partial<Settings>) => void }) {
  const add = async (): Promise<void> => {
    const paths = await attempt(() => backend().pick('folder'));
    if (paths && paths.length > 0) change({ watched_folders: [...new Set([...settings.watched_folders, ...paths])] });
  };
  return (
    <>
      <div className="setting stacked" data-setting="watched_folders">
        <div className="setting-words">
          <h3>{t('settings.watched')}</h3>
          <p className="small quiet">{t('settings.watched_text')}</p>
        </div>
        <ul className="folder-list">
          {settings.watched_folders.map((folder) => (
            <li key={folder}>
              <bdi className="clip">{tameName(folder)}</bdi>
              <button
                type="button"
                className="icon-button"
                aria-label={t('settings.unwatch', { folder: tameName(folder) })}
                onClick={() => change({ watched_folders: settings.watched_folders.filter((each) => each !== folder) })}
              >
                <X size={16} aria-hidden />
              </button>
            </li>
          ))}
          {settings.watched_folders.length === 0 && <li className="quiet small">{t('settings.none_watched')}</li>}
        </ul>
        <button type="button" className="button" onClick={() => void add()}>
          <FolderPlus size={16} aria-hidden />
          {t('settings.watch')}
        </button>
      </div>
      <Field id="embedder" label={t('settings.embedder')} name="embedder" text={t('settings.embedder_text')}>
        <input id="embedder" className="field" value={settings.embedder} readOnly />
      </Field>
      <Field
        id="embedder_precision"
        label={t('settings.precision')}
        name="embedder_precision"
        text={t('settings.precision_text')}
      >
        <select
          id="embedder_precision"
          value={settings.embedder_precision ?? ''}
          onChange={(event) =>
            change({ embedder_precision: event.target.value === '' ? null : (event.target.value as Precision) })
          }
        >
          <option value="">{t('settings.automatic')}</option>
          <option value="fp32">FP32</option>
          <option value="fp16">FP16</option>
          <option value="int8">INT8</option>
        </select>
      </Field>
    </>
  );
}

function Data() {
  const { folder, rebuilding, loadFolder, rebuild, stopRebuild, copyDiagnostics } = useSettings();
  useEffect(() => void loadFolder(), [loadFolder]);
  return (
    <>
      <div className="setting stacked">
        <div className="setting-words">
          <h3>{t('settings.folder')}</h3>
          <p className="small quiet">
            <bdi>{folder?.path ?? '…'}</bdi>
          </p>
        </div>
        {folder && (
          <ul className="folder-parts">
            {folder.parts.map((part) => (
              <li key={part.name}>
                <span>{maybe(`folder.${part.name}`) ?? part.name}</span>
                <span className="tabular">{bytes(part.bytes)}</span>
              </li>
            ))}
            <li>
              <strong>{t('settings.in_all')}</strong>
              <strong className="tabular">{bytes(folder.parts.reduce((sum, part) => sum + part.bytes, 0))}</strong>
            </li>
          </ul>
        )}
        <button type="button" className="button" onClick={() => void attempt(() => backend().openDataFolder())}>
          <FolderOpen size={16} aria-hidden />
          {t('library.reveal')}
        </button>
      </div>
      <div className="setting stacked">
        <div className="setting-words">
          <h3>{t('settings.rebuild')}</h3>
          <p className="small quiet">{t('settings.rebuild_text')}</p>
        </div>
        {rebuilding ? (
          <Progress
            label={t('settings.rebuilding', { done: rebuilding.done, total: rebuilding.total })}
            done={rebuilding.done}
            total={rebuilding.total}
            onStop={stopRebuild}
          />
        ) : (
          <button type="button" className="button" onClick={() => void rebuild()}>
            <RefreshCw size={16} aria-hidden />
            {t('settings.rebuild_now')}
          </button>
        )}
      </div>
      <div className="setting stacked">
        <div className="setting-words">
          <h3>{t('settings.diagnostics')}</h3>
          <p className="small quiet">{t('settings.diagnostics_text')}</p>
        </div>
        <button type="button" className="button" onClick={() => void copyDiagnostics()}>
          <Copy size={16} aria-hidden />
          {t('settings.diagnostics_copy')}
        </button>
      </div>
    </>
  );
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
      body: <Answers settings={settings} change={apply} />,
    },
    {
      id: 'library',
      title: t('settings.library'),
      words: keys('settings.watched', 'settings.embedder', 'settings.precision'),
      body: <Library settings={settings} change={apply} />,
    },
    {
      id: 'appearance',
      title: t('settings.appearance'),
      words: keys('settings.theme', 'settings.text_size', 'settings.language'),
      body: <Appearance settings={settings} change={apply} />,
    },
    {
      id: 'data',
      title: t('settings.data'),
      words: keys('settings.folder', 'settings.rebuild', 'settings.diagnostics'),
      body: <Data />,
    },
  ];
  const wanted = search.trim().toLowerCase();
  const shown = sections.filter(
    (section) => !wanted || `${section.title} ${section.words}`.toLowerCase().includes(wanted),
  );
  return (
    <section className="page scroll-page" aria-labelledby="settings-title">
      <div className="page-column">
        <header className="page-head">
          <h1 id="settings-title">{t('settings.title')}</h1>
          <div className="spacer" />
          <button type="button" className="button" onClick={onModels}>
            {t('models.title')}
          </button>
          <button type="button" className="button" onClick={onShortcuts}>
            {t('shortcuts.title')}
          </button>
        </header>
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
      </div>
    </section>
  );
}
