/**
 * Scancodes of the 101/102-key keyboard. Keys are named as KeyboardEvent.code names them. The table gives set 1 (what most
 * programs see); set 2 (what the keyboard sends) follows from the 8042's own translation table.
 */

/** Set 1 make code; bit 8: preceded by E0. */
const SET1: Readonly<Record<string, number>> = {
  Escape: 0x01,
  Digit1: 0x02,
  Digit2: 0x03,
  Digit3: 0x04,
  Digit4: 0x05,
  Digit5: 0x06,
  Digit6: 0x07,
  Digit7: 0x08,
  Digit8: 0x09,
  Digit9: 0x0a,
  Digit0: 0x0b,
  Minus: 0x0c,
  Equal: 0x0d,
  Backspace: 0x0e,
  Tab: 0x0f,
  KeyQ: 0x10,
  KeyW: 0x11,
  KeyE: 0x12,
  KeyR: 0x13,
  KeyT: 0x14,
  KeyY: 0x15,
  KeyU: 0x16,
  KeyI: 0x17,
  KeyO: 0x18,
  KeyP: 0x19,
  BracketLeft: 0x1a,
  BracketRight: 0x1b,
  Enter: 0x1c,
  ControlLeft: 0x1d,
  KeyA: 0x1e,
  KeyS: 0x1f,
  KeyD: 0x20,
  KeyF: 0x21,
  KeyG: 0x22,
  KeyH: 0x23,
  KeyJ: 0x24,
  KeyK: 0x25,
  KeyL: 0x26,
  Semicolon: 0x27,
  Quote: 0x28,
  Backquote: 0x29,
  ShiftLeft: 0x2a,
  Backslash: 0x2b,
  KeyZ: 0x2c,
  KeyX: 0x2d,
  KeyC: 0x2e,
  KeyV: 0x2f,
  KeyB: 0x30,
  KeyN: 0x31,
  KeyM: 0x32,
  Comma: 0x33,
  Period: 0x34,
  Slash: 0x35,
  ShiftRight: 0x36,
  NumpadMultiply: 0x37,
  AltLeft: 0x38,
  Space: 0x39,
  CapsLock: 0x3a,
  F1: 0x3b,
  F2: 0x3c,
  F3: 0x3d,
  F4: 0x3e,
  F5: 0x3f,
  F6: 0x40,
  F7: 0x41,
  F8: 0x42,
  F9: 0x43,
  F10: 0x44,
  NumLock: 0x45,
  ScrollLock: 0x46,
  Numpad7: 0x47,
  Numpad8: 0x48,
  Numpad9: 0x49,
  NumpadSubtract: 0x4a,
  Numpad4: 0x4b,
  Numpad5: 0x4c,
  Numpad6: 0x4d,
  NumpadAdd: 0x4e,
  Numpad1: 0x4f,
  Numpad2: 0x50,
  Numpad3: 0x51,
  Numpad0: 0x52,
  NumpadDecimal: 0x53,
  IntlBackslash: 0x56,
  F11: 0x57,
  F12: 0x58,
  NumpadEnter: 0x11c,
  ControlRight: 0x11d,
  NumpadDivide: 0x135,
  AltRight: 0x138,
  Home: 0x147,
  ArrowUp: 0x148,
  PageUp: 0x149,
  ArrowLeft: 0x14b,
  ArrowRight: 0x14d,
  End: 0x14f,
  ArrowDown: 0x150,
  PageDown: 0x151,
  Insert: 0x152,
  Delete: 0x153,
  MetaLeft: 0x15b,
  MetaRight: 0x15c,
  ContextMenu: 0x15d,
};

/** The 8042's translation of set 2 into set 1, by set 2 code 00h to 83h; the rest passes unchanged. */
const TRANSLATE = [
  0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29, 0x59, 0x65, 0x38, 0x2a,
  0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11, 0x03, 0x5b, 0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05,
  0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14, 0x13, 0x06, 0x5d, 0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a,
  0x72, 0x32, 0x24, 0x16, 0x08, 0x09, 0x5f, 0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35, 0x26,
  0x27, 0x19, 0x0c, 0x61, 0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36, 0x1c, 0x1b, 0x75, 0x2b, 0x63,
  0x76, 0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c, 0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f, 0x52, 0x53,
  0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45, 0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54, 0x80, 0x81, 0x82, 0x41,
];

export const translate = (set2: number): number => TRANSLATE[set2] ?? set2;

// Two set 2 codes translate to 41h; F7 is the one at 83h.
const SET2 = new Map(TRANSLATE.map((one, two) => [one, two]));

export const keyNames: readonly string[] = [...Object.keys(SET1), "Pause", "PrintScreen"];

/** The bytes a keyboard sends in scan code set 1 or 2 (set 3 is not built); undefined for a key it does not have. */
export function scancode(code: string, down: boolean, set: number): number[] | undefined {
  if (code === "Pause") return down ? (set === 1 ? [0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5] : pauseSet2) : [];
  if (code === "PrintScreen") return printScreen(down, set);
  const one = Object.hasOwn(SET1, code) ? SET1[code] : undefined;
  if (one === undefined) return undefined;
  return [...(one & 0x100 ? [0xe0] : []), ...plain(one & 0xff, down, set)];
}

const pauseSet2 = [0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77];

function plain(one: number, down: boolean, set: number): number[] {
  if (set === 1) return [down ? one : one | 0x80];
  const two = SET2.get(one)!;
  return down ? [two] : [0xf0, two];
}

/** Print Screen is a shift (fake) and the key, released in reverse order. */
function printScreen(down: boolean, set: number): number[] {
  const keys = down ? [0x2a, 0x37] : [0x37, 0x2a];
  return keys.flatMap((one) => [0xe0, ...plain(one, down, set)]);
}

/** Keys for a character on a US keyboard: its key, and whether Shift is held. */
export function keyOf(character: string): { code: string; shift: boolean } | undefined {
  if (/^[a-z]$/.test(character)) return { code: `Key${character.toUpperCase()}`, shift: false };
  if (/^[A-Z]$/.test(character)) return { code: `Key${character}`, shift: true };
  if (/^[0-9]$/.test(character)) return { code: `Digit${character}`, shift: false };
  const shifted = ")!@#$%^&*(".indexOf(character);
  if (shifted >= 0) return { code: `Digit${shifted}`, shift: true };
  const index = SIGNS.indexOf(character);
  if (index >= 0) return { code: SIGN_KEYS[index >> 1], shift: (index & 1) === 1 };
  const control: Readonly<Record<string, string>> = {
    "\n": "Enter",
    "\r": "Enter",
    "\t": "Tab",
    "\b": "Backspace",
    "\x7f": "Backspace",
    "\x1b": "Escape",
    " ": "Space",
  };
  return Object.hasOwn(control, character) ? { code: control[character], shift: false } : undefined;
}

const SIGNS = "-_=+[{]}\\|;:'\"`~,<.>/?";
const SIGN_KEYS = [
  "Minus",
  "Equal",
  "BracketLeft",
  "BracketRight",
  "Backslash",
  "Semicolon",
  "Quote",
  "Backquote",
  "Comma",
  "Period",
  "Slash",
];
