/** A value that flashes softly when it changes; not under reduced motion (see processes.css). */
import { useEffect, useRef } from "react";

export function Changing({ children }: { readonly children: string | number }) {
  const element = useRef<HTMLSpanElement>(null);
  const before = useRef(children);
  useEffect(() => {
    if (before.current === children) return;
    before.current = children;
    const { current } = element;
    if (!current) return;
    current.classList.remove("changed");
    // Reading a size makes the browser see the class gone, so that the animation starts again.
    void current.offsetWidth;
    current.classList.add("changed");
  }, [children]);
  return <span ref={element}>{children}</span>;
}
