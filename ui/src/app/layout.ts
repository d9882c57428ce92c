import { create } from 'zustand';

export type View = 'chat' | 'library' | 'settings' | 'models' | 'benchmark' | 'shortcuts';

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

/** Below this width the source lies over the answer; below the second, the library too (interface.md). */
export const SOURCE_OVERLAY = 900;
export const SIDEBAR_OVERLAY = 640;

function stored(): { sidebarWidth: number; sourceWidth: number } {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    const widths = typeof kept === 'object' && kept !== null ? (kept as Record<string, unknown>) : {};
    const number = (value: unknown, fallback: number): number =>
      typeof value === 'number' && value >= 180 && value <= 1200 ? value : fallback;
    return { sidebarWidth: number(widths.sidebarWidth, 256), sourceWidth: number(widths.sourceWidth, 440) };
  } catch {
    return { sidebarWidth: 256, sourceWidth: 440 };
  }
}

export const useLayout = create<Layout>((set, get) => ({
  view: 'chat',
  sidebar: window.innerWidth >= SIDEBAR_OVERLAY,
  source: false,
  panel: false,
  palette: false,
  ...stored(),
  show: (view) => set({ view, ...(window.innerWidth < SIDEBAR_OVERLAY ? { sidebar: false } : {}) }),
  set: (change) => {
    set(change);
    if (change.sidebarWidth !== undefined || change.sourceWidth !== undefined) {
      const { sidebarWidth, sourceWidth } = get();
      localStorage.setItem(KEY, JSON.stringify({ sidebarWidth, sourceWidth }));
    }
  },
}));
