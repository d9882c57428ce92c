import type { Coverage } from '@/ipc';
import { t } from '@/shared/i18n';

/** How many documents say something, and how many of them are quoted where that is not all. */
export function covered({ asked, found, quoted }: Coverage): string {
  return t(quoted < found ? 'chat.coverage_part' : 'chat.coverage', { n: found, asked, quoted });
}
