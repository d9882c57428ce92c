import { CircleCheck, CircleSlash, List, PlugZap, X } from 'lucide-react';
import { useEffect } from 'react';
import { t } from '@/shared/i18n';
import { tameName } from '@/shared/text/tame';
import { MenuItem, Popover } from '@/shared/ui/Popover';
import { ErrorText } from '@/shared/ui/states';
import { useLate } from '@/shared/ui/useLate';
import { NumberSetting, type SectionProperties, TextSetting } from './fields';
import { RemoteContextNote } from './RemoteContextNote';
import { useServer } from './server';

/** What the server said when it was asked, in a line under its address. */
function Said({ model }: { model: string }) {
  const said = useServer((state) => state.said);
  const late = useLate(said.type === 'asking');
  switch (said.type) {
    case 'unasked':
      return null;
    case 'asking':
      return late ? (
        <p className="small quiet" role="status">
          {t('settings.server_asking')}
        </p>
      ) : null;
    case 'unreached':
      return (
        <div className="server-said small" role="alert">
          <CircleSlash size={16} aria-hidden className="tone-red" />
          <ErrorText error={said.error} />
        </div>
      );
    case 'reached':
      return (
        <div className="server-said small" role="status">
          <CircleCheck size={16} aria-hidden className="tone-green" />
          <p>
            {t('settings.server_reached', { n: said.models.length })}{' '}
            {model !== '' && !said.models.includes(model) && (
              <bdi>{t('settings.server_without', { model: tameName(model) })}</bdi>
            )}
          </p>
        </div>
      );
  }
}

/** Asks the server, or no longer. */
function Check() {
  const { said, check, stop } = useServer();
  return said.type === 'asking' ? (
    <button type="button" className="button" onClick={stop}>
      <X size={16} aria-hidden />
      {t('action.stop')}
    </button>
  ) : (
    <button type="button" className="button" onClick={() => void check()}>
      <PlugZap size={16} aria-hidden />
      {t('settings.server_check')}
    </button>
  );
}

/** The models that the server has, once it was asked. */
function Choice({ onChoose }: { onChoose: (model: string) => void }) {
  const said = useServer((state) => state.said);
  const models = said.type === 'reached' ? said.models : [];
  return (
    <Popover
      kind="menu"
      className="icon-button"
      label={t('settings.server_models')}
      title={t('settings.server_models')}
      disabled={models.length === 0}
      trigger={<List size={16} aria-hidden />}
    >
      {models.map((model) => (
        <MenuItem key={model} onSelect={() => onChoose(model)}>
          <bdi>{tameName(model)}</bdi>
        </MenuItem>
      ))}
    </Popover>
  );
}

/** The server that writes the answers: where it is, whether it can be reached, and which of its models writes. */
export function ServerSettings({ settings, change }: SectionProperties) {
  const both = { settings, change };
  const { backend, remote_url, remote_model, remote_api_key, remote_context_tokens } = settings;
  const stop = useServer((state) => state.stop);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each of these makes it another server
  useEffect(() => stop, [backend, remote_url, remote_api_key, stop]);
  const asksServer = remote_context_tokens === 0 && remote_url !== '' && remote_model !== '';
  const server = [backend, remote_url, remote_model, remote_api_key].join(' ');
  return (
    <>
      <TextSetting id="remote_url" words="remote_url" note={<Said model={remote_model} />} {...both}>
        <Check />
      </TextSetting>
      <TextSetting id="remote_api_key" words="remote_key" secret {...both} />
      <TextSetting id="remote_model" words="remote_model" {...both}>
        <Choice onChoose={(model) => change({ remote_model: model })} />
      </TextSetting>
      <NumberSetting
        id="remote_context_tokens"
        words="remote_context"
        min={0}
        max={1_048_576}
        step={1024}
        note={asksServer && <RemoteContextNote key={server} />}
        {...both}
      />
    </>
  );
}
