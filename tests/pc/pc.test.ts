import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Pc, screenText, type PcConfig } from "../../src/pc/pc";

const guest = (name: string) => readFileSync(new URL(`guests/${name}.bin`, import.meta.url));
const SECOND = 100_000_000;

function start(disk: Uint8Array, config: Partial<PcConfig> = {}): { pc: Pc; serial: () => string } {
  let text = "";
  const outputs = { serial: (byte: number) => void (text += String.fromCharCode(byte)) };
  const pc = new Pc({ disk, memoryMiB: 16, outputs, ...config });
  return { pc, serial: () => text };
}

/** Presses and releases a key, waiting until the guest has taken it. */
function press(pc: Pc, code: string): void {
  for (const down of [true, false]) {
    expect(pc.input({ kind: "key", code, down })).toBe(true);
    pc.run(pc.clock + SECOND / 100);
  }
}

describe("an image that is none", () => {
  const signed = new Uint8Array(512);
  signed.set([0x55, 0xaa], 510);
  const cases: [string, Uint8Array, string][] = [
    ["empty", new Uint8Array(0), "the disk image is empty"],
    ["513 bytes", Uint8Array.from([...signed, 0]), "has 513 bytes, which is not a multiple of 512"],
    ["100 bytes", signed.subarray(0, 100), "has 100 bytes"],
    ["no signature", new Uint8Array(512), "does not end with the signature 55 AA"],
  ];
  for (const [name, image, reason] of cases)
    it(name, () => {
      const { pc } = start(image);
      const stop = pc.run(SECOND);
      expect(stop.kind).toBe("halted");
      expect(stop.kind === "halted" && stop.reason).toContain(reason);
      const text = screenText(pc.screen());
      expect(text.replace(/\n/g, "")).toContain(reason);
      expect(text).toContain("Boot failed: not a bootable disk");
      expect(text).toContain("No bootable device.");
      // It stays so.
      expect(pc.run(2 * SECOND)).toEqual(stop);
      expect(pc.stopped).toEqual(stop);
    });
});

describe("a PC", () => {
  it("refuses settings it does not have", () => {
    expect(() => start(new Uint8Array(0), { memoryMiB: 8 })).toThrow("memory is 16 to 256 MiB");
    expect(() => start(new Uint8Array(0), { mhz: 0 })).toThrow("1 to 1000 MHz");
  });

  it("reads keys, and switches off", () => {
    const { pc, serial } = start(guest("echo"));
    pc.run(SECOND);
    expect(serial()).toBe("ready> ");
    expect(pc.cpu.halted).toBe(true);
    for (const code of ["KeyH", "KeyI"]) press(pc, code);
    pc.input({ kind: "key", code: "ShiftLeft", down: true });
    press(pc, "Slash");
    pc.input({ kind: "key", code: "ShiftLeft", down: false });
    pc.run(pc.clock + SECOND / 10);
    pc.input({ kind: "key", code: "Enter", down: true });
    pc.run(pc.clock + SECOND);
    expect(serial()).toBe("ready> hi?\r\n");
    expect(pc.stopped).toEqual({ kind: "poweredOff" });
    expect(pc.input({ kind: "key", code: "KeyA", down: true })).toBe(false);
    const { clock } = pc;
    pc.reset();
    pc.run(clock + SECOND);
    expect(pc.clock).toBe(clock);
    expect(screenText(pc.screen())).toContain("ready> hi?");
  });

  it("does the same in one piece and in many", () => {
    const run = (piece: number) => {
      const { pc, serial } = start(guest("echo"));
      const types: [number, string][] = [
        [SECOND, "KeyA"],
        [1.25 * SECOND + 7, "Digit1"],
        [2 * SECOND + 1, "F1"],
      ];
      const goTo = (until: number) => {
        while (pc.clock < until) pc.run(Math.min(until, pc.clock + piece));
      };
      for (const [tick, code] of types) {
        goTo(tick);
        pc.input({ kind: "key", code, down: true });
      }
      goTo(3 * SECOND);
      return { hash: pc.hash(), text: serial(), idle: pc.cpu.idleTicks };
    };
    const whole = run(Infinity);
    expect(whole.text).toBe("ready> a1\0");
    expect(run(9973)).toEqual(whole);
    expect(run(1_234_567)).toEqual(whole);
  });

  it("gives another hash for another key, memory byte or instant", () => {
    const { pc } = start(guest("echo"));
    pc.run(SECOND);
    const hash = pc.hash();
    expect(pc.hash()).toBe(hash);
    pc.cpu.ram[0x200000] ^= 1;
    expect(pc.hash()).not.toBe(hash);
    pc.cpu.ram[0x200000] ^= 1;
    expect(pc.hash()).toBe(hash);
    pc.input({ kind: "key", code: "KeyA", down: true });
    expect(pc.hash()).not.toBe(hash);
  });

  it("resets in every way a PC can be reset, and keeps its memory", () => {
    const { pc } = start(guest("reset"));
    expect(pc.run(SECOND)).toEqual({ kind: "debugExit", value: 8 });
    expect(pc.statistics().resets).toBe(5);
    pc.reset();
    expect(pc.run(2 * SECOND)).toEqual({ kind: "debugExit", value: 9 });
  });

  it("moves what the CPU sees with A20, whoever switches it", () => {
    const { pc } = start(guest("spin"));
    pc.run(1000);
    const seen = () => pc.cpu.translate(0x10_0500n, "read", false);
    expect(seen()).toBe(0x10_0500);
    const open = pc.save();
    pc.board.a20 = false;
    expect(seen()).toBe(0x500);
    pc.restore(open);
    expect(seen()).toBe(0x10_0500);
  });

  it("counts the clock's ticks from the time of day", () => {
    const seconds = 12 * 3600 + 34 * 60 + 56;
    const { pc } = start(guest("spin"), { epoch: 19_000 * 86_400 + seconds });
    pc.run(1000);
    expect(new DataView(pc.cpu.ram.buffer, pc.cpu.ram.byteOffset).getUint32(0x46c, true)).toBe(
      Math.floor((seconds * 1_193_182) / 65_536),
    );
  });

  it("takes calls of the firmware from its ROM only", () => {
    const sector = new Uint8Array(512);
    // mov ax, 0e21h; push 10h; out b2h, al; cli; hlt
    sector.set([0xb8, 0x21, 0x0e, 0x6a, 0x10, 0xe6, 0xb2, 0xfa, 0xf4]);
    sector.set([0x55, 0xaa], 510);
    const { pc } = start(sector);
    expect(pc.run(SECOND).kind).toBe("halted");
    expect(screenText(pc.screen())).not.toContain("!");
  });

  it("reports a triple fault", () => {
    const { pc } = start(guest("triple"));
    const stop = pc.run(SECOND);
    expect(stop.kind).toBe("tripleFault");
    expect(stop.kind === "tripleFault" && stop.report).toMatch(/rip/i);
    expect(pc.run(SECOND)).toBe(stop);
  });

  it("reports what a part does not have, with the place", () => {
    const { pc } = start(guest("spin"));
    pc.run(1000);
    pc.board.portWrite(0x604, 2, 0x2400);
    const stop = pc.run(SECOND);
    expect(stop.kind === "unimplemented" && stop.report).toMatch(
      /not implemented: ACPI: sleep type 1[^]*tick 1000[^]*RIP/,
    );
    expect(pc.clock).toBe(1000);
  });

  it("has halted for ever when every interrupt is masked", () => {
    const { pc } = start(guest("echo"));
    pc.run(SECOND);
    pc.board.portWrite(0x21, 1, 0xff);
    expect(pc.run(2 * SECOND)).toEqual({ kind: "halted", reason: undefined });
  });

  it("runs to exactly the tick that was asked for", () => {
    const { pc } = start(guest("spin"));
    for (const tick of [1, 2, 3, 1000, 54_925, 54_926, 10_000_001]) {
      expect(pc.run(tick)).toEqual({ kind: "ticks" });
      expect(pc.clock).toBe(tick);
    }
  });

  it("stops at a breakpoint", () => {
    const { pc } = start(guest("spin"));
    pc.cpu.setBreakpoints([0x7c00n]);
    expect(pc.run(SECOND)).toEqual({ kind: "breakpoint" });
    expect(pc.snapshot().rip).toBe(0x7c00n);
  });

  it("saves and restores its parts at the same instant", () => {
    const { pc } = start(guest("echo"));
    pc.run(SECOND);
    const saved = pc.save();
    const hash = pc.hash();
    pc.input({ kind: "scancodes", bytes: [0x1c] });
    pc.restore(saved);
    expect(pc.hash()).toBe(hash);
    pc.run(SECOND + 1);
    expect(() => pc.restore(saved)).toThrow("saved at tick");
  });

  it("hands bytes to the serial line", () => {
    const { pc } = start(guest("spin"));
    pc.run(1000);
    expect(pc.input({ kind: "serial", bytes: [65, 66] })).toBe(true);
    expect([pc.board.portRead(0x3f8, 1), pc.board.portRead(0x3f8, 1)]).toEqual([65, 66]);
  });
});
