import {
  AArrowDown,
  AArrowUp,
  ALargeSmall,
  Cpu,
  FileText,
  FolderOpen,
  FolderPlus,
  Gauge,
  Keyboard,
  Languages,
  Moon,
  PanelLeft,
  PanelRight,
  Settings,
  ShieldCheck,
  SquareTerminal,
  Sun,
  SunMoon,
  Timer,
  Undo2,
} from 'lucide-react';
import { useModels } from '@/features/models/store';
import { useSettings } from '@/features/settings/store';
import { backend } from '@/ipc';
import { attempt, canUndo, undoLast } from '@/shared/ui/toasts';
import { stepTextSize } from '../actions';
import { useLayout } from '../layout';
import type { Command } from './command';

const layout = useLayout.getState;
const settings = useSettings.getState;

/** The window itself, its pages and how it looks. */
export const WINDOW: readonly Command[] = [
  {
    id: 'palette',
    title: 'command.palette',
    icon: SquareTerminal,
    keys: 'Mod+K',
    run: () => layout().set({ palette: !layout().palette }),
  },
  { id: 'undo', title: 'command.undo', icon: Undo2, keys: 'Mod+Z', applies: canUndo, run: undoLast },
  {
    id: 'sidebar',
    title: 'command.sidebar',
    icon: PanelLeft,
    keys: 'Mod+B',
    run: () => layout().set({ sidebar: !layout().sidebar }),
  },
  {
    id: 'source',
    title: 'command.source',
    icon: PanelRight,
    keys: 'Mod+J',
    run: () => layout().set({ source: !layout().source }),
  },
  {
    id: 'performance',
    title: 'command.performance',
    icon: Gauge,
    keys: 'Mod+Shift+P',
    run: () => layout().set({ panel: !layout().panel }),
  },
  { id: 'settings', title: 'command.settings', icon: Settings, keys: 'Mod+,', run: () => layout().show('settings') },
  { id: 'models', title: 'command.models', icon: Cpu, run: () => layout().show('models') },
  {
    id: 'add_model',
    title: 'models.add',
    icon: FolderPlus,
    run: () => {
      layout().show('models');
      void useModels.getState().add();
    },
  },
  { id: 'benchmark', title: 'command.benchmark', icon: Timer, run: () => layout().show('benchmark') },
  { id: 'evidence', title: 'command.evidence', icon: ShieldCheck, run: () => layout().show('evidence') },
  { id: 'shortcuts', title: 'command.shortcuts', icon: Keyboard, keys: '?', run: () => layout().show('shortcuts') },
  { id: 'light', title: 'command.light', icon: Sun, run: () => void settings().change({ theme: 'light' }) },
  { id: 'dark', title: 'command.dark', icon: Moon, run: () => void settings().change({ theme: 'dark' }) },
  {
    id: 'system_theme',
    title: 'command.system_theme',
    icon: SunMoon,
    run: () => void settings().change({ theme: 'system' }),
  },
  { id: 'larger', title: 'command.larger', icon: AArrowUp, keys: 'Mod+Plus', run: () => stepTextSize(1) },
  { id: 'smaller', title: 'command.smaller', icon: AArrowDown, keys: 'Mod+Minus', run: () => stepTextSize(-1) },
  {
    id: 'normal_size',
    title: 'command.normal_size',
    icon: ALargeSmall,
    keys: 'Mod+0',
    run: () => void settings().change({ text_size: 100 }),
  },
  { id: 'english', title: 'command.english', icon: Languages, run: () => void settings().change({ language: 'en' }) },
  { id: 'german', title: 'command.german', icon: Languages, run: () => void settings().change({ language: 'de' }) },
  {
    id: 'diagnostics',
    title: 'settings.diagnostics_copy',
    icon: FileText,
    run: () => void settings().copyDiagnostics(),
  },
  {
    id: 'data_folder',
    title: 'command.data_folder',
    icon: FolderOpen,
    run: () => void attempt(() => backend().openDataFolder()),
  },
];
