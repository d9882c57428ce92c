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
    <section className="page" aria-labelledby={`${id}-title`}>
      <header className="page-head">
        <h1 id={`${id}-title`} className="clip">
          {title}
        </h1>
        <div className="spacer" />
        {actions}
      </header>
      <div className="scroll-page">
        <div className={wide ? 'page-column wide' : 'page-column'}>{children}</div>
      </div>
    </section>
  );
}
