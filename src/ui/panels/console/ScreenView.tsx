/** The VGA screen, which takes keys like the console does. */
import { useEffect, useRef } from "react";
import { useFrame } from "../../store/react";
import { Empty } from "../../widgets/Panel";
import { TextScreen } from "../../widgets/TextScreen";
import { consoleKeys } from "./keys";

export function ScreenView() {
  const screen = useFrame((state) => state.screen);
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const keys = consoleKeys(() => getSelection()?.toString() !== "");
    const onKey = (event: KeyboardEvent) => {
      if (keys.key(event)) event.preventDefault();
    };
    element.addEventListener("keydown", onKey);
    element.addEventListener("keyup", onKey);
    element.addEventListener("blur", keys.release);
    return () => {
      element.removeEventListener("keydown", onKey);
      element.removeEventListener("keyup", onKey);
      element.removeEventListener("blur", keys.release);
      keys.release();
    };
  }, []);
  return (
    <div className="screen" ref={host} tabIndex={0} role="group" aria-label="Screen: what you type goes to the machine">
      {screen ? <TextScreen screen={screen} /> : <Empty>The machine is off. Press Power to see its screen.</Empty>}
    </div>
  );
}
