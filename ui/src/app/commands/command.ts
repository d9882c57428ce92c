import type { LucideIcon } from 'lucide-react';
import type { MessageKey } from '@/shared/i18n';

export interface Command {
  id: string;
  title: MessageKey;
  icon: LucideIcon;
  /** Such as `Mod+K`; `Mod` is Ctrl, or ⌘ on macOS. */
  keys?: string;
  /** Whether there is something to do it with; always when absent. */
  applies?: () => boolean;
  run: () => void;
}
