/** Keys pressed in the console, on their way to the machine's keyboard. */
import { sendKey, typeText } from "../../store/connection";
import { routeKey } from "../../store/keyboard";

/** These drive the page or the browser wherever the focus is. */
const ours = /^F\d+$/;

interface KeyHandlers {
  /** True when the key went to the machine. */
  key(event: KeyboardEvent): boolean;
  /** The console lost the focus: no key stays down. */
  release(): void;
}

/** `hasSelection`: Ctrl+C copies then; `onUnknown` hears of characters that no key of the PC gives. */
export function consoleKeys(hasSelection: () => boolean): KeyHandlers {
  const held = new Set<string>();
  let escaped = false;

  const belongsToPage = (event: KeyboardEvent): boolean => {
    if (ours.test(event.key)) return true;
    // Escape, then Tab: the way out of the console by keyboard.
    if (event.key === "Tab" && escaped) return true;
    const command = event.ctrlKey || event.metaKey;
    if (command && event.code === "KeyV") return true;
    return command && event.code === "KeyC" && (event.shiftKey || event.metaKey || hasSelection());
  };

  const down = (event: KeyboardEvent): boolean => {
    if (belongsToPage(event)) return false;
    if (event.key !== "Shift") escaped = event.key === "Escape";
    const route = routeKey(event);
    if (!route) return false;
    if (route.by === "character") typeText(route.text);
    else {
      held.add(event.code);
      sendKey(event.code, true);
    }
    return true;
  };

  const up = (event: KeyboardEvent): boolean => {
    if (!held.delete(event.code)) return false;
    sendKey(event.code, false);
    return true;
  };

  return {
    key: (event) => (event.type === "keydown" ? down(event) : event.type === "keyup" ? up(event) : false),
    release: () => {
      escaped = false;
      for (const code of held) sendKey(code, false);
      held.clear();
    },
  };
}
