import { t } from '../i18n';
import { announce, attempt } from './toasts';

/** Puts a text on the clipboard and says so. */
export function copyText(text: string): void {
  void attempt(async () => {
    await navigator.clipboard.writeText(text);
    announce(t('action.copied'));
  });
}
