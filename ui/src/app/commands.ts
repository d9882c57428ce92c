import { t } from '@/shared/i18n';
import type { Command } from './commands/command';
import { CONVERSATION } from './commands/conversation';
import { LIBRARY } from './commands/library';
import { SOURCE } from './commands/source';
import { WINDOW } from './commands/window';
import { keyNames } from './keyboard';

/** Everything that can be done from the palette, in its order; the ones with keys also by those. */
export const COMMANDS: readonly Command[] = [...CONVERSATION, ...LIBRARY, ...SOURCE, ...WINDOW];

/** What a button does and the keys that do it too. */
export function hint(id: string): string {
  const command = COMMANDS.find((each) => each.id === id);
  if (!command) return '';
  return command.keys ? `${t(command.title)} (${keyNames(command.keys).join('+')})` : t(command.title);
}
