/** A value that flashes softly when it changes; not under reduced motion. */
import { useEffect, useRef } from "react";
import { settingsStore } from "../../store/settings";

const FLASH_MS = 900;

export function Changing({ children }: { readonly children: string | number }) {
  const element = useRef<HTMLSpanElement>(null);
  const before = useRef(children);
  useEffect(() => {
    if (before.current === children) return;
    before.current = children;
    if (settingsStore.getState().reducedMotion) return;
    element.current?.animate([{ color: "var(--accent)" }, {}], { duration: FLASH_MS, easing: "ease-out" });
  }, [children]);
  return <span ref={element}>{children}</span>;
}
