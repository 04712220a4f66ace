/** A tab strip over one panel at a time. In the shared form the strip lies in the panel's own header row, as its title. */
import { useId, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { TabbedContext } from "./Panel";
import "./tabs.css";

export interface Tab<Name extends string> {
  readonly name: Name;
  readonly label: string;
  readonly render: () => ReactNode;
}

interface TabsProps<Name extends string> {
  /** Names the strip for those who do not see it. */
  readonly label: string;
  readonly tabs: readonly Tab<Name>[];
  readonly selected: Name;
  readonly onSelect: (name: Name) => void;
  /** The strip has a row of its own, and panels keep their titles. */
  readonly stacked?: boolean;
}

const moves: Readonly<Record<string, (at: number, count: number) => number>> = {
  ArrowRight: (at, count) => (at + 1) % count,
  ArrowLeft: (at, count) => (at + count - 1) % count,
  Home: () => 0,
  End: (_, count) => count - 1,
};

/** The strip's width, for the panel's header to start behind it. */
function useWidth() {
  const strip = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = strip.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.offsetWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [strip, width] as const;
}

export function Tabs<Name extends string>({ label, tabs, selected, onSelect, stacked = false }: TabsProps<Name>) {
  const id = useId();
  const [strip, width] = useWidth();
  const shown = tabs.find((tab) => tab.name === selected) ?? tabs[0];

  const onKeyDown = (event: KeyboardEvent) => {
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    const next = tabs[move(tabs.indexOf(shown), tabs.length)];
    onSelect(next.name);
    document.getElementById(`${id}-${next.name}`)?.focus();
  };

  return (
    <div className={stacked ? "tabs stacked" : "tabs"} style={{ "--strip": `${width}px` } as React.CSSProperties}>
      <div className="tab-strip" role="tablist" aria-label={label} ref={strip} onKeyDown={onKeyDown}>
        {tabs.map((tab) => (
          <button
            key={tab.name}
            id={`${id}-${tab.name}`}
            type="button"
            role="tab"
            aria-selected={tab === shown}
            aria-controls={tab === shown ? `${id}-panel` : undefined}
            tabIndex={tab === shown ? 0 : -1}
            onClick={() => onSelect(tab.name)}
          >
            {tab.label}
          </button>
        ))}
      </div>
      <div className="tab-panel" role="tabpanel" id={`${id}-panel`}>
        <TabbedContext value={!stacked}>{shown.render()}</TabbedContext>
      </div>
    </div>
  );
}
