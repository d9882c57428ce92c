import type { ReactNode } from 'react';

interface Properties {
  id: string;
  title: string;
  /** Buttons of the head row. */
  actions?: ReactNode;
  /** For tables and plots. */
  wide?: boolean;
  children: ReactNode;
}

/** A page of the window: its head stays where it is, between the buttons that open the columns; the rest scrolls below it. */
export function Page({ id, title, actions, wide = false, children }: Properties) {
  return (
    <div className="page">
      <header className="page-head wraps">
        <h1 id={`${id}-title`} className="clip">
          {title}
        </h1>
        <div className="spacer" />
        {actions}
      </header>
      <section className="scroll-page" tabIndex={0} aria-labelledby={`${id}-title`}>
        <div className={wide ? 'page-column wide' : 'page-column'}>{children}</div>
      </section>
    </div>
  );
}
