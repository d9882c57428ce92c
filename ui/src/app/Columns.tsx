import { PanelLeft, PanelRight } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useSyncExternalStore } from 'react';
import { useSettings } from '@/features/settings/store';
import { SourcePanel } from '@/features/source/SourcePanel';
import { t } from '@/shared/i18n';
import { IconButton } from '@/shared/ui/IconButton';
import { Splitter } from '@/shared/ui/Splitter';
import { hint } from './commands';
import { overlays, stored, useLayout } from './layout';
import { Main } from './Main';
import { Sidebar } from './Sidebar';
import { SourceAsk } from './SourceAsk';

function useWidth(): number {
  return useSyncExternalStore(
    (changed) => {
      window.addEventListener('resize', changed);
      return () => window.removeEventListener('resize', changed);
    },
    () => window.innerWidth,
  );
}

function Overlay({ side, onClose, children }: { side: 'left' | 'right'; onClose: () => void; children: ReactNode }) {
  return (
    <>
      <div className="overlay-veil" aria-hidden onPointerDown={onClose} />
      <div className={`overlay ${side}`}>{children}</div>
    </>
  );
}

/** How wide each column is, and which lie over the others. */
function useMeasures() {
  const { sidebar, sidebarWidth, sourceWidth } = useLayout();
  const width = useWidth();
  const textSize = useSettings((state) => state.settings?.text_size ?? 100);
  const over = overlays(width, textSize);
  // Widths are kept as they are at the normal text size.
  const scale = textSize / 100;
  const shownSidebar = Math.round(sidebarWidth * scale);
  const roomForSource = Math.max(320, width - (sidebar ? shownSidebar : 0) - 400);
  return {
    sourceOver: over.source,
    sidebarOver: over.sidebar,
    scale,
    shownSidebar,
    roomForSource,
    shownSource: Math.min(sourceWidth, roomForSource),
  };
}

/** Library, page and source, side by side or over each other. */
export function Columns() {
  const { sidebar, source, set } = useLayout();
  const { sourceOver, sidebarOver, scale, shownSidebar, roomForSource, shownSource } = useMeasures();
  // Where the library would lie over the answer it opens only when asked for; it comes back with the room for it.
  const wasOver = useRef(false);
  useEffect(() => {
    if (sidebarOver !== wasOver.current) set({ sidebar: !sidebarOver && stored().sidebar });
    wasOver.current = sidebarOver;
  }, [sidebarOver, set]);
  const closeSource = (): void => set({ source: false });
  return (
    <div className="columns">
      {sidebar && !sidebarOver && (
        <>
          <div className="column" style={{ width: shownSidebar }}>
            <Sidebar />
          </div>
          <Splitter
            label={t('app.resize_sidebar')}
            width={shownSidebar}
            minimum={200 * scale}
            maximum={400 * scale}
            side="left"
            onResize={(width) => set({ sidebarWidth: width / scale })}
          />
        </>
      )}
      <main className="column main">
        <IconButton
          className="edge-button left"
          pressed={sidebar}
          label={t('command.sidebar')}
          hint={hint('sidebar')}
          onPress={() => set({ sidebar: !sidebar })}
        >
          <PanelLeft size={16} aria-hidden />
        </IconButton>
        <Main />
        <IconButton
          className="edge-button right"
          pressed={source}
          label={t('command.source')}
          hint={hint('source')}
          onPress={() => set({ source: !source })}
        >
          <PanelRight size={16} aria-hidden />
        </IconButton>
      </main>
      {source && !sourceOver && (
        <>
          <Splitter
            label={t('app.resize_source')}
            width={shownSource}
            minimum={300}
            maximum={roomForSource}
            side="right"
            onResize={(sourceWidth) => set({ sourceWidth })}
          />
          <div className="column" style={{ width: shownSource }}>
            <SourcePanel ask={<SourceAsk />} onClose={closeSource} />
          </div>
        </>
      )}
      {source && sourceOver && (
        <Overlay side="right" onClose={closeSource}>
          <SourcePanel ask={<SourceAsk />} onClose={closeSource} />
        </Overlay>
      )}
      {sidebar && sidebarOver && (
        <Overlay side="left" onClose={() => set({ sidebar: false })}>
          <Sidebar />
        </Overlay>
      )}
    </div>
  );
}
