import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import { t } from '@/shared/i18n';
import { usePageImage } from './usePage';

function Thumbnail({ document, number, drawn }: { document: number; number: number; drawn: boolean }) {
  if (!drawn) return <span className="thumbnail-sheet text">{number}</span>;
  return <Picture document={document} number={number} />;
}

function Picture({ document, number }: { document: number; number: number }) {
  const { url } = usePageImage(document, number, 0.3);
  return <span className="thumbnail-sheet">{url && <img src={url} alt="" draggable={false} />}</span>;
}

interface Properties {
  document: number;
  pages: number;
  page: number;
  drawn: boolean;
  onGo: (page: number) => void;
}

/** The pages in small; only those in sight are drawn. */
export function Thumbnails({ document, pages, page, drawn, onGo }: Properties) {
  const scroller = useRef<HTMLElement>(null);
  const virtual = useVirtualizer({
    count: pages,
    getScrollElement: () => scroller.current,
    estimateSize: () => 122,
    overscan: 2,
  });
  useEffect(() => virtual.scrollToIndex(page - 1, { align: 'auto' }), [page, virtual]);
  return (
    <nav ref={scroller} className="thumbnails" aria-label={t('source.thumbnails')}>
      <div className="thumbnail-space" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const number = item.index + 1;
          return (
            <button
              key={item.key}
              type="button"
              className={number === page ? 'thumbnail current' : 'thumbnail'}
              aria-label={t('source.page', { page: number })}
              aria-current={number === page ? 'page' : undefined}
              style={{ transform: `translateY(${item.start}px)` }}
              onClick={() => onGo(number)}
            >
              <Thumbnail document={document} number={number} drawn={drawn} />
              <span className="tabular">{number}</span>
            </button>
          );
        })}
      </div>
    </nav>
  );
}
