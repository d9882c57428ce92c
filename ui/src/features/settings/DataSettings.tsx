import { Copy, FolderOpen, RefreshCw } from 'lucide-react';
import { type ReactNode, useEffect } from 'react';
import { backend } from '@/ipc';
import { type MessageKey, maybe, t } from '@/shared/i18n';
import { bytes } from '@/shared/text/format';
import { tameName } from '@/shared/text/tame';
import { ErrorText, Progress } from '@/shared/ui/states';
import { attempt } from '@/shared/ui/toasts';
import { useSettings } from './store';

function Action({ icon, label, onPress }: { icon: ReactNode; label: MessageKey; onPress: () => unknown }) {
  return (
    <button type="button" className="button" onClick={() => void onPress()}>
      {icon}
      {t(label)}
    </button>
  );
}

function Stacked({ title, text, children }: { title: MessageKey; text: ReactNode; children: ReactNode }) {
  return (
    <div className="setting stacked">
      <div className="setting-words">
        <h3>{t(title)}</h3>
        <p className="small quiet">{text}</p>
      </div>
      {children}
    </div>
  );
}

/** Where everything lies, what it takes, and what can be made anew. */
export function DataSettings() {
  const { folder, folderError, rebuilding, version, loadFolder, rebuild, stopRebuild, copyDiagnostics } = useSettings();
  useEffect(() => void loadFolder(), [loadFolder]);
  return (
    <>
      <Stacked title="settings.folder" text={<bdi>{folder ? tameName(folder.path) : '…'}</bdi>}>
        {folderError && <ErrorText error={folderError} />}
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
      <Stacked title="settings.rebuild" text={t('settings.rebuild_text')}>
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
      <Stacked title="settings.diagnostics" text={t('settings.diagnostics_text')}>
        <Action icon={<Copy size={16} aria-hidden />} label="settings.diagnostics_copy" onPress={copyDiagnostics} />
      </Stacked>
      {version && <p className="setting small quiet tabular">DocMind {version}</p>}
    </>
  );
}
