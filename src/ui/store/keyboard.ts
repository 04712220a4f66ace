/**
 * From what a person's keyboard says to the keys of the PC. The guest has a US layout, so a character that was typed on another
 * layout, or pasted, is sent as the US key (and shift) that gives it; everything else is sent by its place, KeyboardEvent.code.
 */

export interface KeyStroke {
  readonly code: string;
  readonly shift: boolean;
}

const strokes = new Map<string, KeyStroke>();

function row(codes: readonly string[], plain: string, shifted: string): void {
  codes.forEach((code, index) => {
    strokes.set(plain[index], { code, shift: false });
    strokes.set(shifted[index], { code, shift: true });
  });
}

const letters = "abcdefghijklmnopqrstuvwxyz";
row(
  [...letters].map((letter) => `Key${letter.toUpperCase()}`),
  letters,
  letters.toUpperCase(),
);
row(
  [..."1234567890"].map((digit) => `Digit${digit}`),
  "1234567890",
  "!@#$%^&*()",
);
row(
  ["Minus", "Equal", "BracketLeft", "BracketRight", "Semicolon", "Quote", "Backquote", "Backslash", "Comma"],
  "-=[];'`\\,",
  '_+{}:"~|<',
);
row(["Period", "Slash"], "./", ">?");
strokes.set(" ", { code: "Space", shift: false });
strokes.set("\n", { code: "Enter", shift: false });
strokes.set("\r", { code: "Enter", shift: false });
strokes.set("\t", { code: "Tab", shift: false });
strokes.set("\b", { code: "Backspace", shift: false });
strokes.set("\x7f", { code: "Backspace", shift: false });

/** The US key that gives this character; undefined when none does. */
export const strokeFor = (character: string): KeyStroke | undefined => strokes.get(character);

export interface KeyChange {
  readonly code: string;
  readonly down: boolean;
}

/** The key events that type a text, and the characters no US key gives. CR LF is one Enter. */
export function typing(text: string): { readonly changes: readonly KeyChange[]; readonly unknown: readonly string[] } {
  const changes: KeyChange[] = [];
  const unknown: string[] = [];
  for (const character of text.replace(/\r\n/g, "\n")) {
    const stroke = strokes.get(character);
    if (!stroke) {
      unknown.push(character);
      continue;
    }
    if (stroke.shift) changes.push({ code: "ShiftLeft", down: true });
    changes.push({ code: stroke.code, down: true }, { code: stroke.code, down: false });
    if (stroke.shift) changes.push({ code: "ShiftLeft", down: false });
  }
  return { changes, unknown };
}

/** The part of a KeyboardEvent that matters. */
export interface KeyPress {
  readonly key: string;
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
}

/**
 * How a key that went down reaches the machine: by its place when the US layout agrees with what was typed (then its release is sent
 * too), as a whole stroke of the right US key when it does not, not at all when it is the browser's.
 */
export type KeyRoute =
  { readonly by: "place"; readonly code: string } | { readonly by: "character"; readonly text: string } | undefined;

/** A phone's keyboard gives no code; keys that are no characters are called the same as their codes. */
export const codeOf = (press: Pick<KeyPress, "key" | "code">): string => press.code || press.key;

export function routeKey(press: KeyPress): KeyRoute {
  if (press.metaKey || press.key === "Dead" || press.key === "Process" || press.key === "Unidentified")
    return undefined;
  const isCharacter = [...press.key].length === 1;
  if (!isCharacter) return { by: "place", code: codeOf(press) };
  const stroke = strokes.get(press.key);
  // Ctrl+C is the key that says C, wherever it lies.
  if (press.ctrlKey && !press.altKey) {
    const code = stroke?.code ?? press.code;
    return code === "" ? undefined : { by: "place", code };
  }
  if (!stroke) return undefined;
  const agrees = stroke.code === press.code && stroke.shift === press.shiftKey && !press.altKey;
  return agrees ? { by: "place", code: press.code } : { by: "character", text: press.key };
}
