import { Copy, FolderOpen, RefreshCw } from 'lucide-react';
import { type ReactNode, useEffect } from 'react';
import { backend } from '@/ipc';
import { type MessageKey, maybe, t } from '@/shared/i18n';
import { bytes } from '@/shared/text/format';
import { tameName } from '@/shared/text/tame';
import { ErrorText, Progress } from '@/shared/ui/states';
import { attempt } from '@/shared/ui/toasts';
import { Stacked } from './Field';
import { useSettings } from './store';

function Action({ icon, label, onPress }: { icon: ReactNode; label: MessageKey; onPress: () => unknown }) {
  return (
    <button type="button" className="button" onClick={() => void onPress()}>
      {icon}
      {t(label)}
    </button>
  );
}

/** Where everything lies, what it takes, and what can be made anew. */
export function DataSettings() {
  const { folder, folderError, rebuilding, version, loadFolder, rebuild, stopRebuild, copyDiagnostics } = useSettings();
  useEffect(() => void loadFolder(), [loadFolder]);
  return (
    <>
      <Stacked label={t('settings.folder')} text={folder ? tameName(folder.path) : ''}>
        {folderError && <ErrorText error={folderError} />}
        {!folder && !folderError && (
          <p className="small quiet" role="status">
            {t('settings.folder_loading')}
          </p>
        )}
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
              <strong className="tabular">
                {bytes(folder.parts.reduce((sum, part) => sum + (part.bytes ?? 0), 0))}
              </strong>
            </li>
          </ul>
        )}
        <Action
          icon={<FolderOpen size={16} aria-hidden />}
          label="library.reveal"
          onPress={() => attempt(() => backend().openDataFolder())}
        />
      </Stacked>
      <Stacked label={t('settings.rebuild')} text={t('settings.rebuild_text')}>
        {rebuilding ? (
          <Progress
            label={t('settings.rebuilding', { done: rebuilding.done, total: rebuilding.total })}
            done={rebuilding.done}
            total={rebuilding.total}
            onStop={stopRebuild}
          />
        ) : (
          <Action icon={<RefreshCw size={16} aria-hidden />} label="settings.rebuild_now" onPress={rebuild} />
        )}
      </Stacked>
      <Stacked label={t('settings.diagnostics')} text={t('settings.diagnostics_text')}>
        <Action icon={<Copy size={16} aria-hidden />} label="settings.diagnostics_copy" onPress={copyDiagnostics} />
      </Stacked>
      {version && <p className="version small quiet tabular">DocMind {version}</p>}
    </>
  );
}
