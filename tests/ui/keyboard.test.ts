import { describe, expect, it } from "vitest";
import { routeKey, strokeFor, typing, type KeyPress } from "../../src/ui/store/keyboard";

const press = (key: string, code: string, held: Partial<KeyPress> = {}): KeyPress => ({
  key,
  code,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  shiftKey: false,
  ...held,
});

describe("typing", () => {
  it("has a key for every printable ASCII character", () => {
    for (let code = 32; code < 127; code++) expect(strokeFor(String.fromCharCode(code))).toBeDefined();
  });

  it("holds shift around a capital and releases everything", () => {
    expect(typing("aB").changes).toEqual([
      { code: "KeyA", down: true },
      { code: "KeyA", down: false },
      { code: "ShiftLeft", down: true },
      { code: "KeyB", down: true },
      { code: "KeyB", down: false },
      { code: "ShiftLeft", down: false },
    ]);
  });

  it("types CR LF as one Enter and names what no US key gives", () => {
    const { changes, unknown } = typing("é\r\nλ");
    expect(changes.map((change) => change.code)).toEqual(["Enter", "Enter"]);
    expect(unknown).toEqual(["é", "λ"]);
  });
});

describe("routeKey", () => {
  it("sends a key by its place when the layout agrees", () => {
    expect(routeKey(press("q", "KeyQ"))).toEqual({ by: "place", code: "KeyQ" });
    expect(routeKey(press("Q", "KeyQ", { shiftKey: true }))).toEqual({ by: "place", code: "KeyQ" });
    expect(routeKey(press("Enter", "Enter"))).toEqual({ by: "place", code: "Enter" });
    // A phone's keyboard.
    expect(routeKey(press("Enter", ""))).toEqual({ by: "place", code: "Enter" });
    expect(routeKey(press("c", "KeyC", { ctrlKey: true }))).toEqual({ by: "place", code: "KeyC" });
  });

  it("sends the character when the layout is another one", () => {
    expect(routeKey(press("a", "KeyQ"))).toEqual({ by: "character", text: "a" });
    expect(routeKey(press("1", "Digit1", { shiftKey: true }))).toEqual({ by: "character", text: "1" });
    // AltGr on a German keyboard.
    expect(routeKey(press("@", "KeyQ", { ctrlKey: true, altKey: true }))).toEqual({ by: "character", text: "@" });
  });

  it("sends a shortcut by the key that says its letter", () => {
    expect(routeKey(press("c", "KeyI", { ctrlKey: true }))).toEqual({ by: "place", code: "KeyC" });
  });

  it("leaves dead keys, composition and the Command key alone", () => {
    expect(routeKey(press("Dead", "Quote"))).toBeUndefined();
    expect(routeKey(press("Process", "KeyA"))).toBeUndefined();
    expect(routeKey(press("c", "KeyC", { metaKey: true }))).toBeUndefined();
    expect(routeKey(press("ß", "Minus"))).toBeUndefined();
  });
});
