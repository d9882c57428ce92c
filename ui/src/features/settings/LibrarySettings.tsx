import { FolderPlus, X } from 'lucide-react';
import type { Precision } from '@/ipc';
import { t } from '@/shared/i18n';
import { tameName } from '@/shared/text/tame';
import { IconButton } from '@/shared/ui/IconButton';
import { removeLine } from '@/shared/ui/removeLine';
import { Stacked } from './Field';
import { NumberSetting, type SectionProperties, SelectSetting, SwitchSetting } from './fields';
import { useSettings } from './store';

// Models that DocMind knows by name (`assets/models.toml`); any other is kept when it is set.
const EMBEDDERS = ['all-MiniLM-L6-v2', 'bge-small-en-v1.5', 'bge-large-en-v1.5', 'multilingual-e5-small'];
const RERANKERS = ['ms-marco-MiniLM-L-6-v2'];

function withOwn(names: readonly string[], current: string | null): (readonly [string, string])[] {
  return [...new Set([...names, ...(current ? [current] : [])])].map((name) => [name, name] as const);
}

function WatchedFolders({ settings }: Pick<SectionProperties, 'settings'>) {
  const { watch, unwatch } = useSettings();
  return (
    <Stacked label={t('settings.watched')} text={t('settings.watched_text')}>
      <ul className="folder-list">
        {settings.watched_folders.map((folder) => (
          <li key={folder}>
            <bdi className="clip" title={tameName(folder)}>
              {tameName(folder)}
            </bdi>
            <IconButton
              label={t('settings.unwatch', { folder: tameName(folder) })}
              onPress={() => void removeLine(() => unwatch(folder))}
            >
              <X size={16} aria-hidden />
            </IconButton>
          </li>
        ))}
        {settings.watched_folders.length === 0 && <li className="quiet small">{t('settings.none_watched')}</li>}
      </ul>
      <button type="button" className="button" onClick={() => void watch()}>
        <FolderPlus size={16} aria-hidden />
        {t('settings.watch')}
      </button>
    </Stacked>
  );
}

/** Which folders are followed, and how passages are found. */
export function LibrarySettings({ settings, change }: SectionProperties) {
  return (
    <>
      <WatchedFolders settings={settings} />
      <SwitchSetting
        id="recognise_scans"
        name="recognise_scans"
        words="recognise_scans"
        settings={settings}
        change={change}
      />
      <SelectSetting
        id="embedder"
        name="embedder"
        words="embedder"
        value={settings.embedder}
        options={withOwn(EMBEDDERS, settings.embedder)}
        onChange={(embedder) => change({ embedder })}
      />
      <SelectSetting
        id="embedder_precision"
        name="embedder_precision"
        words="precision"
        value={settings.embedder_precision ?? ''}
        options={[
          ['', t('settings.automatic')],
          ['fp32', 'FP32'],
          ['fp16', 'FP16'],
          ['int8', 'INT8'],
        ]}
        onChange={(value) => change({ embedder_precision: value === '' ? null : (value as Precision) })}
      />
      <SelectSetting
        id="reranker"
        name="reranker"
        words="reranker"
        value={settings.reranker ?? ''}
        options={[['', t('off')], ...withOwn(RERANKERS, settings.reranker)]}
        onChange={(reranker) => change({ reranker: reranker || null })}
      />
      {settings.reranker !== null && (
        <NumberSetting
          id="rerank_budget_ms"
          words="rerank_budget"
          min={50}
          max={10_000}
          step={50}
          settings={settings}
          change={change}
        />
      )}
    </>
  );
}
