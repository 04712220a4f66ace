/**
 * The frame of a panel: a named section with one header row. Inside <Tabs> the tab strip stands where the title would.
 *
 *     <Panel name="Processes" note="8 · mutex free" actions={<button …/>}> … </Panel>
 */
import { createContext, useContext, type ReactNode } from "react";
import "./panel.css";

interface PanelProps {
  /** The accessible name, and the title that is shown. */
  readonly name: string;
  /** Small words at the right of the header: what is shown, how many. */
  readonly note?: ReactNode;
  /** Buttons and choices of the header, left of the note. */
  readonly actions?: ReactNode;
  readonly className?: string;
  /** The body scrolls by itself unless the panel draws into all of it. */
  readonly scroll?: boolean;
  readonly children: ReactNode;
}

/** True below a tab strip, which says the title already. */
export const TabbedContext = createContext(false);

export function Panel({ name, note, actions, className = "", scroll = true, children }: PanelProps) {
  const tabbed = useContext(TabbedContext);
  return (
    <section className={`panel ${className}`} aria-label={name}>
      <header className="panel-header">
        <h2 className={tabbed ? "visually-hidden" : undefined}>{name}</h2>
        {actions && <div className="panel-actions">{actions}</div>}
        {note !== undefined && <div className="panel-note">{note}</div>}
      </header>
      {/* A scrolling body takes the focus, so that the arrow keys scroll it. */}
      <div className={scroll ? "panel-body scroll" : "panel-body"} tabIndex={scroll ? 0 : undefined}>
        {children}
      </div>
    </section>
  );
}

/** Says what would fill an empty panel, and how. */
export function Empty({ children }: { readonly children: ReactNode }) {
  return <p className="empty">{children}</p>;
}
