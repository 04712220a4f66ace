/** Every key with every modifier through the 8042 and the firmware, against QEMU's (guests/record-keys.sh). */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { Pc } from "../../src/pc/pc";

const file = (name: string) => readFileSync(new URL(`guests/${name}`, import.meta.url));

it("gives the characters and scancodes that QEMU's firmware gives", () => {
  let text = "";
  const pc = new Pc({
    disk: file("keys.bin"),
    memoryMiB: 16,
    outputs: { debugConsole: (byte) => void (text += String.fromCharCode(byte)) },
  });
  const wait = () => pc.run(pc.clock + 2_000_000);
  wait();
  const shown = file("keys.list")
    .toString()
    .trim()
    .split("\n")
    .map((line) => {
      const [name, keys] = line.split(" ");
      const codes = keys.split("+");
      text = "";
      for (const code of codes) {
        expect(pc.input({ kind: "key", code, down: true }), keys).toBe(true);
        wait();
      }
      const result = text.trim();
      for (const code of codes.reverse()) {
        pc.input({ kind: "key", code, down: false });
        wait();
      }
      return `${name}: ${result}`;
    });
  expect(shown.filter((line) => !line.endsWith(": ")).map((line) => line.replace(/^.*: /, ""))).toEqual(
    file("keys.txt").toString().trim().split("\n"),
  );
});
