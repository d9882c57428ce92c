import { t } from '@/shared/i18n';
import { type SectionProperties, SelectSetting } from './fields';
import { TEXT_SIZES } from './store';

/** How the window looks and speaks. */
export function AppearanceSettings({ settings, change }: SectionProperties) {
  return (
    <>
      <SelectSetting
        id="theme"
        label="settings.theme"
        text="settings.theme_text"
        value={settings.theme}
        options={(['system', 'light', 'dark'] as const).map((theme) => [theme, t(`theme.${theme}`)])}
        onChange={(theme) => change({ theme })}
      />
      <SelectSetting
        id="text_size"
        label="settings.text_size"
        text="settings.text_size_text"
        value={settings.text_size}
        options={TEXT_SIZES.map((size) => [size, `${size} %`])}
        onChange={(size) => change({ text_size: Number(size) })}
      />
      <SelectSetting
        id="language"
        label="settings.language"
        text="settings.language_text"
        value={settings.language}
        options={[
          ['system', t('theme.system')],
          ['en', 'English'],
          ['de', 'Deutsch'],
        ]}
        onChange={(language) => change({ language })}
      />
    </>
  );
}
