/** Keys pressed in the console, on their way to the machine's keyboard. */
import { sendKey } from "../../store/connection";
import { codeOf, routeKey, typing } from "../../store/keyboard";

/** These drive the page or the browser wherever the focus is. */
const ours = /^F\d+$/;

/** A letter by what the key says, or, on a layout of other letters, by where it lies. */
const says = ({ key, code }: KeyboardEvent, letter: string): boolean =>
  key.toLowerCase() === letter || (!/^[a-z]$/i.test(key) && code === `Key${letter.toUpperCase()}`);

interface KeyHandlers {
  /** True when the key went to the machine. */
  key(event: KeyboardEvent): boolean;
  /** No key is down any more, for the machine: text is about to be typed for the person, whose own Ctrl would spoil it. */
  letGo(): void;
  /** The console lost the focus: no key stays down. */
  release(): void;
}

/** `hasSelection`: Ctrl+C copies then. `onFind`: Ctrl+F was pressed. */
export function consoleKeys(hasSelection: () => boolean, onFind?: () => void): KeyHandlers {
  /** Keys that are down: where they lie, and the code that was sent for them. */
  const held = new Map<string, string>();
  /** Tab leaves: nothing was typed since the focus came, or Escape was the last key. */
  let mayLeave = true;

  const letGo = (): void => {
    for (const code of held.values()) sendKey(code, false);
    held.clear();
  };

  const belongsToPage = (event: KeyboardEvent): boolean => {
    if (ours.test(event.key)) return true;
    if (event.key === "Tab" && mayLeave) return true;
    const command = event.ctrlKey || event.metaKey;
    if (command && says(event, "v")) return true;
    return command && says(event, "c") && (event.shiftKey || event.metaKey || hasSelection());
  };

  /** A stroke of its own: what shift the person holds is let go meanwhile. */
  const typeCharacter = (text: string): void => {
    const shifts = [...held.values()].filter((code) => code.startsWith("Shift"));
    for (const code of shifts) sendKey(code, false);
    for (const { code, down: isDown } of typing(text).changes) sendKey(code, isDown);
    for (const code of shifts) sendKey(code, true);
  };

  const down = (event: KeyboardEvent): boolean => {
    if (onFind && (event.ctrlKey || event.metaKey) && says(event, "f")) {
      letGo();
      onFind();
      return true;
    }
    if (belongsToPage(event)) return false;
    if (event.key !== "Shift") mayLeave = event.key === "Escape";
    const route = routeKey(event);
    if (!route) return false;
    if (route.by === "character") typeCharacter(route.text);
    else {
      held.set(codeOf(event), route.code);
      sendKey(route.code, true);
    }
    return true;
  };

  const up = (event: KeyboardEvent): boolean => {
    const code = held.get(codeOf(event));
    if (code === undefined) return false;
    held.delete(codeOf(event));
    sendKey(code, false);
    return true;
  };

  return {
    key: (event) => (event.type === "keydown" ? down(event) : event.type === "keyup" ? up(event) : false),
    letGo,
    release: () => {
      mayLeave = true;
      letGo();
    },
  };
}
