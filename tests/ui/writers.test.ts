import { beforeEach, describe, expect, it } from "vitest";
import { forgetProcesses } from "../../src/ui/store/colors";
import { Writers } from "../../src/ui/store/writers";

const one = { pid: 1, generation: 1 };
const two = { pid: 2, generation: 1 };
const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
/** \x1b[38;5;17m is the first process's colour. */
const shown = (bytes: Uint8Array) =>
  decode(bytes)
    .replace(/\x1b\[38;5;(\d+)m/g, (_, color: string) => `<${Number(color) - 16}>`)
    .replace(/\x1b\[39m/g, "<0>")
    .replace(/\r/g, "");

describe("the writers of console lines", () => {
  beforeEach(forgetProcesses);

  it("leave a line without records as it is", () => {
    const bytes = encode("stage 1\r\n");
    expect(new Writers().paint(bytes)).toBe(bytes);
  });

  it("are found behind the boot stages' lines", () => {
    const writers = new Writers();
    writers.wrote({ pid: 0, generation: 0 }, 13, 0);
    writers.wrote(one, 4, 1);
    writers.wrote(two, 6, 2);
    writers.wrote(one, 2, 3);
    const text = "stage\r\nlong mode\r\nherald ready\r\none\r\ntwo t\r\n1\r\n";
    expect(shown(writers.paint(encode(text)))).toBe("stage\nlong mode\nherald ready\n<1>one\n<2>two t\n<1>1\n");
  });

  it("are known from one frame to the next, within a line too", () => {
    const writers = new Writers();
    for (let line = 0; line < 3; line++) writers.wrote(one, 4, line);
    expect(shown(writers.paint(encode("abc\r\ndef\r\nghi\r\n")))).toBe("<1>abc\ndef\nghi\n");
    writers.wrote(two, 4, 3);
    expect(shown(writers.paint(encode("jk")))).toBe("<2>jk");
    writers.wrote(one, 4, 4);
    expect(shown(writers.paint(encode("l\r\nmno\r\n")))).toBe("l\n<1>mno\n");
  });

  it("own all lines of a write of several", () => {
    const writers = new Writers();
    for (let line = 0; line < 3; line++) writers.wrote(one, 2, line);
    writers.wrote(two, 4, 3);
    writers.wrote(one, 2, 5);
    expect(shown(writers.paint(encode("a\nb\nc\nd\ne\nf\n")))).toBe("<1>a\nb\nc\n<2>d\ne\n<1>f\n");
  });
});
