import { ChevronLeft, ChevronRight, RotateCw, ZoomIn, ZoomOut } from 'lucide-react';
import type { ReactNode } from 'react';
import { t } from '@/shared/i18n';
import { count, percent } from '@/shared/text/format';
import { IconButton } from '@/shared/ui/IconButton';
import { useWritten } from '@/shared/ui/useWritten';
import { useSource } from './store';

/** The page number, to be read and to be typed. */
function PageField({ page, pages, onGo }: { page: number; pages: number; onGo: (page: number) => void }) {
  const input = useWritten(String(page));
  const go = (field: HTMLInputElement): void => {
    const wanted = Math.max(1, Math.min(pages, Math.round(Number(field.value)) || page));
    field.value = String(wanted);
    if (wanted !== page) onGo(wanted);
  };
  return (
    <label className="page-field tabular small">
      <span className="visually-hidden">{t('source.page_number')}</span>
      <input
        ref={input}
        className="field"
        inputMode="numeric"
        defaultValue={page}
        onFocus={(event) => event.currentTarget.select()}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return;
          go(event.currentTarget);
          event.currentTarget.select();
        }}
        onBlur={(event) => go(event.currentTarget)}
      />
      <span>/ {count(pages)}</span>
    </label>
  );
}

interface StepperProperties {
  previous: { label: string; hint?: string; disabled?: boolean };
  next: { label: string; hint?: string; disabled?: boolean };
  onStep: (by: 1 | -1) => void;
  icons?: [ReactNode, ReactNode];
  children: ReactNode;
}

const ARROWS: [ReactNode, ReactNode] = [
  <ChevronLeft key="previous" size={16} aria-hidden />,
  <ChevronRight key="next" size={16} aria-hidden />,
];

/** A value between the two buttons that step it. */
function Stepper({ previous, next, onStep, icons = ARROWS, children }: StepperProperties) {
  return (
    <div className="stepper">
      <IconButton {...previous} onPress={() => onStep(-1)}>
        {icons[0]}
      </IconButton>
      {children}
      <IconButton {...next} onPress={() => onStep(1)}>
        {icons[1]}
      </IconButton>
    </div>
  );
}

const GLASSES: [ReactNode, ReactNode] = [
  <ZoomOut key="out" size={16} aria-hidden />,
  <ZoomIn key="in" size={16} aria-hidden />,
];

/** Steps through the citations of the answer, the pages, and the sizes; rotates the pages. */
export function SourceFoot({ drawn, pages }: { drawn: boolean; pages: number }) {
  const { target, targets, zoom, page, step, setZoom, stepZoom, rotate, goTo } = useSource();
  const at = target ? targets.indexOf(target) : -1;
  return (
    <footer className="source-foot">
      {targets.length > 0 && (
        <Stepper
          previous={{
            label: t('source.previous'),
            hint: `${t('source.previous')} (${t('key.shift')}+F8)`,
          }}
          next={{ label: t('source.next'), hint: `${t('source.next')} (F8)` }}
          onStep={step}
        >
          <span className="tabular small">{t('source.citation_of', { at: at + 1, n: targets.length })}</span>
        </Stepper>
      )}
      <span className="spacer" />
      <Stepper
        previous={{ label: t('source.previous_page'), disabled: page <= 1 }}
        next={{ label: t('source.next_page'), disabled: page >= pages }}
        onStep={(by) => goTo(page + by)}
      >
        <PageField page={page} pages={pages} onGo={goTo} />
      </Stepper>
      {drawn && (
        <IconButton label={t('source.rotate')} hint={`${t('source.rotate')} (R)`} onPress={() => rotate(1)}>
          <RotateCw size={16} aria-hidden />
        </IconButton>
      )}
      {drawn && (
        <Stepper
          previous={{ label: t('source.zoom_out'), hint: `${t('source.zoom_out')} (−)` }}
          next={{ label: t('source.zoom_in'), hint: `${t('source.zoom_in')} (+)` }}
          onStep={stepZoom}
          icons={GLASSES}
        >
          <button
            type="button"
            className="zoom-value tabular small"
            title={`${t('source.zoom_fit')} (0)`}
            onClick={() => setZoom(1)}
          >
            {percent(zoom)}
          </button>
        </Stepper>
      )}
    </footer>
  );
}
