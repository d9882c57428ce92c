import { t } from '@/shared/i18n';
import { NumberSetting, type SectionProperties, SelectSetting, SwitchSetting } from './fields';
import { ServerSettings } from './ServerSettings';

/** Who writes the answers, and how long reading and writing may take. */
export function AnswerSettings({ settings, change }: SectionProperties) {
  const both = { settings, change };
  return (
    <>
      <SelectSetting
        id="backend"
        name="backend"
        words="backend"
        value={settings.backend}
        options={[
          ['embedded', t('backend.embedded')],
          ['ollama', 'Ollama'],
          ['open_ai', t('backend.open_ai')],
        ]}
        onChange={(backend) => change({ backend: backend as typeof settings.backend })}
      />
      {settings.backend !== 'embedded' && <ServerSettings {...both} />}
      <SwitchSetting id="thinking" words="thinking" {...both} />
      <NumberSetting id="first_token_target_s" words="first_token" min={1} max={120} step={1} {...both} />
      <NumberSetting id="source_tokens" words="source_tokens" min={256} max={131_072} step={256} {...both} />
      <NumberSetting id="answer_tokens" words="answer_tokens" min={64} max={16_384} step={64} {...both} />
    </>
  );
}
