/** The serial line in a terminal. */
import { useEffect, useRef, useState } from "react";
import { typeText } from "../../store/connection";
import { useSettings } from "../../store/react";
import { canvasPalette } from "../../store/colors";
import { followSerial } from "../../store/serial";
import { FIRST_PROCESS_COLOR } from "../../store/writers";
import type { TerminalView } from "../../widgets/terminal";
import { Find } from "./Find";
import { consoleKeys } from "./keys";

/** The terminal's colours from FIRST_PROCESS_COLOR on: kernel, then the palette. */
const tints = { first: FIRST_PROCESS_COLOR, colors: canvasPalette };

interface SerialViewProps {
  /** Hears of typed or pasted characters that no key of the PC gives. */
  readonly onUnknown: (characters: readonly string[]) => void;
  /** The search field is open. */
  readonly finding: boolean;
  readonly onFinding: (finding: boolean) => void;
}

export function SerialView({ onUnknown, finding, onFinding }: SerialViewProps) {
  const host = useRef<HTMLDivElement>(null);
  const terminal = useRef<TerminalView>(undefined);
  const [failed, setFailed] = useState(false);
  const scheme = useSettings((state) => state.scheme);

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const keys = consoleKeys(
      () => terminal.current?.hasSelection() === true,
      () => onFinding(true),
    );
    let stop: (() => void) | undefined;
    let gone = false;
    const type = (text: string) => {
      keys.letGo();
      const unknown = typeText(text);
      if (unknown.length > 0) onUnknown(unknown);
    };
    void import("../../widgets/terminal")
      .then(({ openTerminal }) => {
        if (gone) return;
        const view = openTerminal(element, { key: keys.key, text: type, tints });
        terminal.current = view;
        stop = followSerial((news, painted) => (news === "cleared" ? view.clear() : view.write(painted)));
      })
      .catch(() => setFailed(true));
    element.addEventListener("focusout", keys.release);
    return () => {
      gone = true;
      stop?.();
      keys.release();
      element.removeEventListener("focusout", keys.release);
      terminal.current?.dispose();
      terminal.current = undefined;
    };
  }, [onUnknown, onFinding]);

  useEffect(() => terminal.current?.retint(), [scheme]);

  if (failed) return <p className="empty">The terminal did not load. Check the connection and reload the page.</p>;
  const close = () => {
    onFinding(false);
    terminal.current?.focus();
  };
  return (
    <>
      <div className="serial" ref={host} />
      {finding && <Find terminal={terminal} onClose={close} />}
    </>
  );
}
