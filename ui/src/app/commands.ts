import {
  AArrowDown,
  AArrowUp,
  ChevronLeft,
  ChevronRight,
  Copy,
  Cpu,
  FileDown,
  FilePlus,
  FileText,
  Folder,
  FolderOpen,
  FolderPlus,
  Gauge,
  Images,
  Keyboard,
  Languages,
  LibraryBig,
  Lightbulb,
  type LucideIcon,
  MessageCircleQuestion,
  Moon,
  PanelLeft,
  PanelRight,
  Pause,
  Pencil,
  Play,
  Quote,
  RefreshCw,
  RotateCcw,
  Scan,
  Search,
  Settings,
  SlidersHorizontal,
  Square,
  SquarePen,
  SquareTerminal,
  Sun,
  SunMoon,
  Timer,
  Trash2,
  TriangleAlert,
  Undo2,
  X,
  ZoomIn,
  ZoomOut,
} from 'lucide-react';
import { withSources } from '@/features/chat/copy';
import { useChat } from '@/features/chat/store';
import { copyText } from '@/features/chat/TurnView';
import { useLibrary } from '@/features/library/store';
import { useModels } from '@/features/models/store';
import { SETTING_NAMES } from '@/features/settings/SettingsPage';
import { useSettings } from '@/features/settings/store';
import { useSource } from '@/features/source/store';
import { backend, type Turn } from '@/ipc';
import { type MessageKey, profileName, t } from '@/shared/i18n';
import { tameName } from '@/shared/text/tame';
import { attempt, canUndo, undoLast } from '@/shared/ui/toasts';
import {
  addFiles,
  exportConversation,
  focusQuestion,
  hasCitations,
  isAnswering,
  isIngesting,
  newConversation,
  showDocuments,
  stepCitation,
  stepTextSize,
  stopEverything,
} from './actions';
import { useLayout } from './layout';

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

const layout = useLayout.getState;
const library = useLibrary.getState;
const settings = useSettings.getState;
const source = useSource.getState;
const inConversation = (): boolean => useChat.getState().id !== null;
const isPaused = (): boolean => library().summary?.progress.paused === 'paused';
const documentOpen = (): boolean => source().row !== null;
/** The answer given last in the open conversation. */
const lastTurn = (): Turn | undefined => useChat.getState().turns.at(-1);
const hasAnswer = (): boolean => lastTurn() !== undefined && !isAnswering();
const hasText = (): boolean => (lastTurn()?.answer.text ?? '') !== '';
const drawn = (): boolean => documentOpen() && source().row?.media_type === 'application/pdf';

function openFind(): void {
  if (!documentOpen()) return;
  layout().set({ source: true });
  source().setSearching(true);
}

/** Runs with the place of the last turn. */
function withLast(run: (at: number, turn: Turn) => void): void {
  const turn = lastTurn();
  if (turn) run(useChat.getState().turns.length - 1, turn);
}

function turnPage(by: number): void {
  layout().set({ source: true });
  source().goTo(source().page + by);
}

function nameCollection(): void {
  layout().set({ sidebar: true });
  library().setNaming(true);
}

function lookFor(setting: string): void {
  settings().setSearch(setting);
  layout().show('settings');
}

function openInSystem(): void {
  const id = source().row?.id;
  if (id !== undefined) void attempt(() => backend().openDocument(id));
}

/** Everything that can be done from the palette; the ones with keys also by those. */
export const COMMANDS: readonly Command[] = [
  {
    id: 'palette',
    title: 'command.palette',
    icon: SquareTerminal,
    keys: 'Mod+K',
    run: () => layout().set({ palette: !layout().palette }),
  },
  { id: 'ask', title: 'command.ask', icon: MessageCircleQuestion, keys: 'Mod+L', run: focusQuestion },
  { id: 'new', title: 'command.new', icon: SquarePen, keys: 'Mod+N', run: newConversation },
  {
    id: 'stop',
    title: 'command.stop',
    icon: Square,
    keys: 'Escape',
    applies: isAnswering,
    run: () => void stopEverything(),
  },
  {
    id: 'next',
    title: 'command.next_citation',
    icon: Quote,
    keys: 'F8',
    applies: hasCitations,
    run: () => stepCitation(1),
  },
  {
    id: 'previous',
    title: 'command.previous_citation',
    icon: Quote,
    keys: 'Shift+F8',
    applies: hasCitations,
    run: () => stepCitation(-1),
  },
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
  { id: 'find', title: 'command.find', icon: Search, keys: 'Mod+F', applies: documentOpen, run: openFind },
  { id: 'undo', title: 'command.undo', icon: Undo2, keys: 'Mod+Z', applies: canUndo, run: undoLast },
  { id: 'settings', title: 'command.settings', icon: Settings, keys: 'Mod+,', run: () => layout().show('settings') },
  { id: 'shortcuts', title: 'command.shortcuts', icon: Keyboard, keys: '?', run: () => layout().show('shortcuts') },
  { id: 'library', title: 'command.library', icon: LibraryBig, run: () => showDocuments(null) },
  {
    id: 'problems',
    title: 'command.problems',
    icon: TriangleAlert,
    applies: () => (library().summary?.failed ?? 0) > 0,
    run: () => showDocuments(null, 'problem'),
  },
  { id: 'add_files', title: 'library.add_files', icon: FilePlus, run: () => addFiles('files') },
  { id: 'add_folder', title: 'library.add_folder', icon: FolderPlus, run: () => addFiles('folder') },
  { id: 'add_samples', title: 'library.add_samples', icon: FileText, run: () => void library().addSamples() },
  { id: 'new_collection', title: 'collection.create', icon: FolderPlus, run: nameCollection },
  { id: 'watch', title: 'settings.watch', icon: Folder, run: () => void settings().watch() },
  {
    id: 'retry_all',
    title: 'command.retry_all',
    icon: RotateCcw,
    applies: () => (library().summary?.failed ?? 0) > 0,
    run: () => void library().retry('all'),
  },
  {
    id: 'pause',
    title: 'command.pause',
    icon: Pause,
    applies: () => isIngesting() && !isPaused(),
    run: () => void library().setPaused(true),
  },
  {
    id: 'resume',
    title: 'command.resume',
    icon: Play,
    applies: () => isIngesting() && isPaused(),
    run: () => void library().setPaused(false),
  },
  { id: 'cancel_ingest', title: 'ingest.cancel', icon: X, applies: isIngesting, run: () => void library().cancel() },
  {
    id: 'thumbnails',
    title: 'command.thumbnails',
    icon: Images,
    applies: documentOpen,
    run: () => {
      layout().set({ source: true });
      source().toggleThumbnails();
    },
  },
  {
    id: 'next_page',
    title: 'command.next_page',
    icon: ChevronRight,
    applies: documentOpen,
    run: () => turnPage(1),
  },
  {
    id: 'previous_page',
    title: 'command.previous_page',
    icon: ChevronLeft,
    applies: documentOpen,
    run: () => turnPage(-1),
  },
  { id: 'zoom_in', title: 'command.zoom_in', icon: ZoomIn, applies: drawn, run: () => source().stepZoom(1) },
  { id: 'zoom_out', title: 'command.zoom_out', icon: ZoomOut, applies: drawn, run: () => source().stepZoom(-1) },
  { id: 'zoom_fit', title: 'command.zoom_fit', icon: Scan, applies: drawn, run: () => source().setZoom(1) },
  {
    id: 'open_system',
    title: 'library.open_system',
    icon: FileText,
    applies: documentOpen,
    run: openInSystem,
  },
  { id: 'models', title: 'command.models', icon: Cpu, run: () => layout().show('models') },
  { id: 'add_model', title: 'models.add', icon: FolderPlus, run: () => void useModels.getState().add() },
  { id: 'benchmark', title: 'command.benchmark', icon: Timer, run: () => layout().show('benchmark') },
  {
    id: 'copy_answer',
    title: 'command.copy_answer',
    icon: Copy,
    applies: hasText,
    run: () => withLast((_, turn) => copyText(turn.answer.text)),
  },
  {
    id: 'copy_sources',
    title: 'command.copy_sources',
    icon: Copy,
    applies: hasText,
    run: () => withLast((_, turn) => copyText(withSources(turn.answer))),
  },
  {
    id: 'regenerate',
    title: 'command.regenerate',
    icon: RotateCcw,
    applies: hasAnswer,
    run: () => withLast((at, turn) => void useChat.getState().ask(turn.question, at)),
  },
  {
    id: 'edit',
    title: 'command.edit',
    icon: Pencil,
    applies: hasAnswer,
    run: () => withLast((at) => useChat.getState().edit(at)),
  },
  {
    id: 'why',
    title: 'command.why',
    icon: Lightbulb,
    applies: hasAnswer,
    run: () => withLast((at) => useChat.getState().explain(at)),
  },
  {
    id: 'rename_conversation',
    title: 'command.rename_conversation',
    icon: Pencil,
    applies: inConversation,
    run: () => {
      layout().show('chat');
      useChat.getState().setRenaming(true);
    },
  },
  {
    id: 'delete_conversation',
    title: 'command.delete_conversation',
    icon: Trash2,
    applies: inConversation,
    run: () => {
      const { id, remove } = useChat.getState();
      if (id !== null) void remove(id);
    },
  },
  {
    id: 'export_markdown',
    title: 'chat.export_markdown',
    icon: FileDown,
    applies: inConversation,
    run: () => exportConversation('markdown'),
  },
  {
    id: 'export_html',
    title: 'chat.export_html',
    icon: FileDown,
    applies: inConversation,
    run: () => exportConversation('html'),
  },
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
  { id: 'english', title: 'command.english', icon: Languages, run: () => void settings().change({ language: 'en' }) },
  { id: 'german', title: 'command.german', icon: Languages, run: () => void settings().change({ language: 'de' }) },
  { id: 'rebuild', title: 'settings.rebuild_now', icon: RefreshCw, run: () => void settings().rebuild() },
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

/** A command made from what there is: a collection to show, a profile to switch to, a setting to look at. */
export interface Found {
  key: string;
  icon: LucideIcon;
  title: string;
  run: () => void;
}

/** Collections, profiles, models and settings by name. */
export function foundCommands(): Found[] {
  const { plans, models, active, switchTo, choose } = useModels.getState();
  const collections = library().collections.flatMap(({ id, name }) => [
    {
      key: `collection-${id}`,
      icon: Folder,
      title: t('command.collection', { name: tameName(name) }),
      run: () => showDocuments(id),
    },
    {
      key: `ask-${id}`,
      icon: MessageCircleQuestion,
      title: t('command.ask_collection', { name: tameName(name) }),
      run: () => {
        useChat.getState().setScope({ kind: 'collection', id });
        focusQuestion();
      },
    },
  ]);
  const profiles = (plans ?? [])
    .filter((plan) => plan.profile.name !== active && plan.fits && plan.missing === null)
    .map(({ profile: { name } }) => ({
      key: `profile-${name}`,
      icon: SlidersHorizontal,
      title: t('command.profile', { name: profileName(name) }),
      run: () => {
        layout().show('settings');
        void switchTo(name);
      },
    }));
  const usable = (models ?? [])
    .filter((model) => !model.active && model.card !== null)
    .map((model) => ({
      key: `model-${model.name}`,
      icon: Cpu,
      title: t('command.use_model', { name: tameName(model.name) }),
      run: () => void choose(model.path),
    }));
  const named = SETTING_NAMES.map((name) => ({
    key: `setting-${name}`,
    icon: Settings,
    title: t('command.setting', { name: t(name) }),
    run: () => lookFor(t(name)),
  }));
  return [...collections, ...profiles, ...usable, ...named];
}

const MAC = navigator.platform.startsWith('Mac');
const SIGNS = { Escape: 'Esc', Plus: '+', Minus: '−' };
const NAMES: Record<string, string> = MAC ? { ...SIGNS, Mod: '⌘', Alt: '⌘' } : { ...SIGNS, Mod: 'Ctrl' };
/** Keys that a keyboard may have on a shifted key: what is held with them does not tell. */
const CHARACTERS: Record<string, readonly string[]> = { '?': ['?'], Plus: ['+', '='], Minus: ['-', '−'] };
const WORDS: Record<string, MessageKey> = {
  Shift: 'key.shift',
  Space: 'key.space',
  Delete: 'key.delete',
  PageDown: 'key.page_down',
};

/** Keys as they are printed on the keyboard. */
export function keyNames(keys: string): string[] {
  return keys.split('+').map((key) => (WORDS[key] ? t(WORDS[key]) : (NAMES[key] ?? key)));
}

/** What a button does and the keys that do it too. */
export function hint(id: string): string {
  const command = COMMANDS.find((each) => each.id === id);
  if (!command) return '';
  return command.keys ? `${t(command.title)} (${keyNames(command.keys).join('+')})` : t(command.title);
}

/** Whether a key press is the one a command names. */
export function matches(
  keys: string,
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>,
): boolean {
  const parts = keys.split('+');
  const key = parts.at(-1) ?? '';
  const modifier = MAC ? event.metaKey : event.ctrlKey;
  if (parts.includes('Mod') !== modifier || event.altKey) return false;
  const characters = CHARACTERS[key];
  if (characters) return characters.includes(event.key);
  if (parts.includes('Shift') !== event.shiftKey) return false;
  return event.key.toLowerCase() === key.toLowerCase();
}

/** True where typed characters belong to a text. */
export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches('input:not([type=checkbox]):not([type=radio]), textarea, select'))
  );
}
