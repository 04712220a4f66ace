import { describe, expect, it } from "vitest";
import { clockSeconds, grouped, paceText } from "../../src/ui/panels/machine/format";
import { cp437 } from "../../src/ui/widgets/cp437";

const plain = (text: string) => text.replace(/\u00a0/g, " ");

describe("the clock", () => {
  it("groups in threes", () => {
    expect(plain(grouped(421830694))).toBe("421 830 694");
    expect(plain(clockSeconds(4.21830694))).toBe("4.218 306 940");
    expect(plain(clockSeconds(0))).toBe("0.000 000 000");
    expect(plain(clockSeconds(1234.5))).toBe("1 234.500 000 000");
  });

  it("gives the pace with the digits that matter", () => {
    expect([1, 12.34, 0.5, 0.0123, 0.00001].map(paceText).map(plain)).toEqual([
      "1.0× real time",
      "12× real time",
      "0.5× real time",
      "0.012× real time",
      "1/100 000 of real time",
    ]);
  });
});

describe("code page 437", () => {
  it("has 256 characters, ASCII where it belongs", () => {
    expect(cp437.length).toBe(256);
    expect([cp437[0x41], cp437[0xc4], cp437[0xdb], cp437[0x7f]]).toEqual(["A", "─", "█", "⌂"]);
  });
});
