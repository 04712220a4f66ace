/** Small guests whose output on port E9h was recorded from QEMU's PC (guests/make.sh). */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Pc } from "../../src/pc/pc";

const file = (name: string) => readFileSync(new URL(`guests/${name}`, import.meta.url));

describe("guests against QEMU", () => {
  for (const name of ["video", "disk", "system", "chips", "left", "ata", "partition"])
    it(name, () => {
      let text = "";
      const pc = new Pc({
        disk: file(`${name}.bin`),
        outputs: { debugConsole: (byte) => (text += String.fromCharCode(byte)) },
      });
      const stop = pc.run(2_000_000_000);
      expect(text).toBe(file(`${name}.txt`).toString());
      expect(stop).toEqual({ kind: "debugExit", value: 0 });
    });
});
