/** The serial line in a terminal. */
import { useEffect, useRef, useState } from "react";
import { typeText } from "../../store/connection";
import { useSettings } from "../../store/react";
import { followSerial } from "../../store/serial";
import type { TerminalView } from "../../widgets/terminal";
import { consoleKeys } from "./keys";

/** `onUnknown` hears of typed or pasted characters that no key of the PC gives. */
export function SerialView({ onUnknown }: { readonly onUnknown: (characters: readonly string[]) => void }) {
  const host = useRef<HTMLDivElement>(null);
  const terminal = useRef<TerminalView>(undefined);
  const [failed, setFailed] = useState(false);
  const scheme = useSettings((state) => state.scheme);

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const keys = consoleKeys(() => getSelection()?.toString() !== "");
    let stop: (() => void) | undefined;
    let gone = false;
    const type = (text: string) => {
      const unknown = typeText(text);
      if (unknown.length > 0) onUnknown(unknown);
    };
    void import("../../widgets/terminal")
      .then(({ openTerminal }) => {
        if (gone) return;
        const view = openTerminal(element, { key: keys.key, text: type });
        terminal.current = view;
        stop = followSerial((news) => (news === "cleared" ? view.clear() : view.write(news)));
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
  }, [onUnknown]);

  useEffect(() => terminal.current?.retint(), [scheme]);

  if (failed) return <p className="empty">The terminal did not load. Check the connection and reload the page.</p>;
  return <div className="serial" ref={host} />;
}
