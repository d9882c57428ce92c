import { create } from 'zustand';
import { useSettings } from '@/features/settings/store';

export type View = 'chat' | 'library' | 'settings' | 'models' | 'benchmark' | 'evidence' | 'shortcuts';

interface Layout {
  view: View;
  sidebar: boolean;
  source: boolean;
  panel: boolean;
  palette: boolean;
  sidebarWidth: number;
  sourceWidth: number;
  show: (view: View) => void;
  set: (
    change: Partial<Pick<Layout, 'sidebar' | 'source' | 'panel' | 'palette' | 'sidebarWidth' | 'sourceWidth'>>,
  ) => void;
}

const KEY = 'docmind.layout';
/** No screen is wider: a column that is kept wider than the window is drawn as wide as there is room. */
const WIDEST = 10_000;

/** Below this width the source lies over the answer; below the second, the library too (interface.md). */
const SOURCE_OVERLAY = 900;
const SIDEBAR_OVERLAY = 640;

/** What lies over the answer in a window so wide; larger text needs more room. */
export function overlays(width: number, textSize: number): { source: boolean; sidebar: boolean } {
  const room = (width * 100) / textSize;
  return { source: room < SOURCE_OVERLAY, sidebar: room < SIDEBAR_OVERLAY };
}

/** The same for the window as it is. */
export function overlaysNow(): { source: boolean; sidebar: boolean } {
  return overlays(window.innerWidth, useSettings.getState().settings?.text_size ?? 100);
}

type Kept = Pick<Layout, 'sidebar' | 'sidebarWidth' | 'sourceWidth'>;

/** What was kept of an earlier window: whether the side bar is wanted where there is room, and the widths. */
export function stored(): Kept {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    const found = typeof kept === 'object' && kept !== null ? (kept as Record<string, unknown>) : {};
    const number = (value: unknown, fallback: number): number =>
      typeof value === 'number' && value >= 180 && value <= WIDEST ? value : fallback;
    return {
      sidebar: found.sidebar !== false,
      sidebarWidth: number(found.sidebarWidth, 256),
      sourceWidth: number(found.sourceWidth, 440),
    };
  } catch {
    return { sidebar: true, sidebarWidth: 256, sourceWidth: 440 };
  }
}

export const useLayout = create<Layout>((set, get) => ({
  view: 'chat',
  source: false,
  panel: false,
  palette: false,
  ...stored(),
  sidebar: stored().sidebar && !overlaysNow().sidebar,
  show: (view) => set({ view, ...(overlaysNow().sidebar ? { sidebar: false } : {}) }),
  set: (change) => {
    set(change);
    const { sidebarWidth, sourceWidth } = get();
    // Where it lies over the answer it is opened for a moment, not for good.
    const sidebar = overlaysNow().sidebar ? stored().sidebar : get().sidebar;
    localStorage.setItem(KEY, JSON.stringify({ sidebar, sidebarWidth, sourceWidth } satisfies Kept));
  },
}));
