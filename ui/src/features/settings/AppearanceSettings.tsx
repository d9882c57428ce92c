import { t } from '@/shared/i18n';
import { percent } from '@/shared/text/format';
import { type SectionProperties, SelectSetting } from './fields';
import { TEXT_SIZES } from './store';

/** How the window looks and speaks. */
export function AppearanceSettings({ settings, change }: SectionProperties) {
  return (
    <>
      <SelectSetting
        id="theme"
        words="theme"
        value={settings.theme}
        options={(['system', 'light', 'dark'] as const).map((theme) => [theme, t(`theme.${theme}`)])}
        onChange={(theme) => change({ theme })}
      />
      <SelectSetting
        id="text_size"
        words="text_size"
        value={settings.text_size}
        options={TEXT_SIZES.map((size) => [size, percent(size / 100)])}
        onChange={(size) => change({ text_size: Number(size) })}
      />
      <SelectSetting
        id="language"
        words="language"
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
