import { beforeEach, describe, expect, it } from "vitest";
import { forgetProcesses } from "../../src/ui/store/colors";
import { plainText } from "../../src/ui/store/serial";
import { Writers } from "../../src/ui/store/writers";

const kernel = { pid: 0, generation: 0 };
const one = { pid: 1, generation: 1 };
const two = { pid: 2, generation: 1 };
const encode = (text: string) => new TextEncoder().encode(text.replace(/\n/g, "\r\n"));
/** <1> is the first process's colour, <0> none; ~ is the erasing sequence. */
const shown = (bytes: Uint8Array) =>
  new TextDecoder()
    .decode(bytes)
    .replace(/\x1b\[38;5;(\d+)m/g, (_, color: string) => `<${Number(color) - 16}>`)
    .replace(/\x1b\[39m/g, "<0>")
    .replace(/\x1b\[K/g, "~")
    .replace(/\r/g, "");

/** A kernel that has said three lines after two of the boot stages. */
function booted(): Writers {
  const writers = new Writers();
  ["aaaa\n", "bb\n", "c\n"].forEach((text, line) => writers.wrote(kernel, text.length, line));
  const text = "stage 1\nlong mode\naaaa\nbb\nc\n";
  expect(shown(writers.paint(encode(text)))).toBe(text);
  return writers;
}

describe("the writers of console lines", () => {
  beforeEach(forgetProcesses);

  it("leave bytes without records as they are", () => {
    const bytes = encode("stage 1\n");
    expect(new Writers().paint(bytes)).toBe(bytes);
  });

  it("are found behind the boot stages' lines, in one frame or several", () => {
    const writers = booted();
    writers.wrote(one, 4, 3);
    writers.wrote(two, 6, 4);
    expect(shown(writers.paint(encode("one\ntwo")))).toBe("<1>one\n<2>two");
    expect(shown(writers.paint(encode(" t\n")))).toBe(" t\n");
  });

  it("keep an unfinished line at the bottom, in its own colour", () => {
    const writers = booted();
    writers.wrote(one, 2, 3);
    writers.wrote(two, 3, 3);
    writers.wrote(two, 3, 4);
    writers.wrote(one, 4, 5);
    expect(shown(writers.paint(encode("> \r\x1b[Khi\n> \r\x1b[Kho\n> ps\nx")))).toBe(
      "<1>> ~<2>hi\n<1>> ~<2>ho\n<1>> ps\nx",
    );
  });

  it("begin a new line when less than a line interrupts", () => {
    const writers = booted();
    writers.wrote(one, 2, 3);
    writers.wrote(two, 2, 3);
    expect(shown(writers.paint(encode("ab\ncd")))).toBe("<1>ab\n<2>cd");
  });

  it("end when records and bytes do not agree", () => {
    const writers = booted();
    writers.wrote(one, 4, 3);
    expect(shown(writers.paint(encode("one\nwho\n")))).toBe("<1>one\n<0>who\n");
    writers.wrote(one, 4, 4);
    expect(shown(writers.paint(encode("one\n")))).toBe("one\n");
    writers.clear();
    expect(shown(writers.paint(encode("x\n")))).toBe("x\n");
  });
});

describe("the transcript as text", () => {
  it("is what a person saw: erased lines are gone, backspaces are done", () => {
    expect(plainText("boot\r\nherald> \r\x1b[KProcess 1: Running\r\nherald> pss\b \b\r\n")).toBe(
      "boot\nProcess 1: Running\nherald> ps\n",
    );
  });
});
