import {
  ChevronLeft,
  ChevronRight,
  FileText,
  Images,
  MessageCircleQuestion,
  Quote,
  RotateCcw,
  RotateCw,
  Scan,
  Search,
  ZoomIn,
  ZoomOut,
} from 'lucide-react';
import { passageWithSource } from '@/features/source/passage';
import { isDrawn, useSource } from '@/features/source/store';
import { backend } from '@/ipc';
import { copyText } from '@/shared/ui/copyText';
import { attempt } from '@/shared/ui/toasts';
import { askAbout, findHere, hasCitations, stepCitation } from '../actions';
import { useLayout } from '../layout';
import type { Command } from './command';

const layout = useLayout.getState;
const source = useSource.getState;
const documentOpen = (): boolean => source().row !== null;
const drawn = (): boolean => isDrawn(source().row);

function turnPage(by: number): void {
  layout().set({ source: true });
  source().goTo(source().page + by);
}

function passage(): string | null {
  const { row, target } = source();
  return row && passageWithSource(row, target);
}

function copyPassage(): void {
  const words = passage();
  if (words !== null) copyText(words);
}

function openInSystem(): void {
  const id = source().row?.id;
  if (id !== undefined) void attempt(() => backend().openDocument(id));
}

/** The document beside the answer. */
export const SOURCE: readonly Command[] = [
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
  { id: 'find', title: 'command.find', icon: Search, keys: 'Mod+F', run: findHere },
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
  { id: 'rotate', title: 'command.rotate', icon: RotateCw, applies: drawn, run: () => source().rotate(1) },
  { id: 'rotate_back', title: 'command.rotate_back', icon: RotateCcw, applies: drawn, run: () => source().rotate(-1) },
  {
    id: 'copy_passage',
    title: 'source.copy_passage',
    icon: Quote,
    applies: () => passage() !== null,
    run: copyPassage,
  },
  {
    id: 'ask_document',
    title: 'source.ask',
    icon: MessageCircleQuestion,
    applies: documentOpen,
    run: () => askAbout([source().row?.id ?? 0]),
  },
  {
    id: 'open_system',
    title: 'library.open_system',
    icon: FileText,
    applies: documentOpen,
    run: openInSystem,
  },
];
