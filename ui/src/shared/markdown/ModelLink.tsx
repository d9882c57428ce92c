import type { ReactNode } from 'react';
import { t } from '../i18n';
import { copyText } from '../ui/copyText';
import { Popover } from '../ui/Popover';
import { targetOf } from './link';

interface Properties {
  url: string;
  children: ReactNode;
  onOpen: (href: string) => void;
}

/** A link from model text: a word like any other until it is clicked, then its real target and a way to open it. */
export function ModelLink({ url, children, onOpen }: Properties) {
  const target = targetOf(url);
  if (!target)
    return (
      <span className="link-refused" title={t('link.refused')}>
        {children}
      </span>
    );
  return (
    <Popover
      className="model-link"
      label={t('link.show', { place: target.place })}
      trigger={
        <>
          {children} <small className="link-place">({target.place})</small>
        </>
      }
    >
      {(close) => (
        <div className="link-card">
          <p>{t('link.leads')}</p>
          <bdi className="link-target">{target.href}</bdi>
          <div className="row">
            <button
              type="button"
              className="button primary"
              onClick={() => {
                close();
                onOpen(target.href);
              }}
            >
              {t('link.open')}
            </button>
            <button
              type="button"
              className="button"
              onClick={() => {
                close();
                copyText(target.href);
              }}
            >
              {t('action.copy')}
            </button>
          </div>
        </div>
      )}
    </Popover>
  );
}
