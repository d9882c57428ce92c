import {
  FilePlus,
  FileText,
  Folder,
  FolderPlus,
  LibraryBig,
  Pause,
  Play,
  RefreshCw,
  RotateCcw,
  TriangleAlert,
  X,
} from 'lucide-react';
import { useLibrary } from '@/features/library/store';
import { useSettings } from '@/features/settings/store';
import { addFiles, isIngesting, showDocuments } from '../actions';
import { useLayout } from '../layout';
import type { Command } from './command';

const layout = useLayout.getState;
const library = useLibrary.getState;
const settings = useSettings.getState;
const isPaused = (): boolean => library().summary?.progress.paused === 'paused';

function nameCollection(): void {
  layout().set({ sidebar: true });
  library().setNaming(true);
}

/** Documents, collections and folders. */
export const LIBRARY: readonly Command[] = [
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
  { id: 'rebuild', title: 'settings.rebuild_now', icon: RefreshCw, run: () => void settings().rebuild() },
];
