/** Keys that work wherever the focus is. F8, F10 and F11 drive the machine as in a debugger; the rest stay out of text fields. */
import { useEffect } from "react";
import { pauseMachine, runMachine, stepBack, stepMachine } from "../store/connection";
import { machineStore } from "../store/machine";
import { clearSelection } from "../store/selection";
import { showDialog, viewStore } from "../store/view";

function onMachineKey(event: KeyboardEvent): boolean {
  const { power } = machineStore.getState().status;
  if (event.code === "F8") {
    if (power === "running") pauseMachine();
    else if (power === "paused") runMachine();
    return true;
  }
  if (event.code === "F10" || event.code === "F11") {
    if (event.shiftKey && power !== "off") stepBack();
    else if (power === "paused") stepMachine(1);
    // Full screen stays with F11 while there is nothing to step.
    return power === "paused" || (event.shiftKey && power !== "off");
  }
  return false;
}

const takesText = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target.closest("input, textarea, select, .serial, .screen") !== null);

function onKeyDown(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (onMachineKey(event)) {
    event.preventDefault();
    return;
  }
  if (event.defaultPrevented || takesText(event.target) || viewStore.getState().dialog) return;
  if (event.key === "?") {
    event.preventDefault();
    showDialog("help");
  } else if (event.key === "Escape") clearSelection();
}

export function useShortcuts(): void {
  useEffect(() => {
    // Capturing, so that the console does not see the machine's own keys.
    addEventListener("keydown", onKeyDown, true);
    return () => removeEventListener("keydown", onKeyDown, true);
  }, []);
}
