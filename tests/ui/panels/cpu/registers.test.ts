import { describe, expect, it } from "vitest";
import { flagsOf, noPause, placeOf, registersOf, trackPauses } from "../../../../src/ui/panels/cpu/registers";
import type { CpuView } from "../../../../src/worker/protocol";

const cpu = (rax: bigint, rflags = 0n): CpuView => ({
  mode: "64-bit",
  ring: 0,
  halted: false,
  registers: [rax, ...Array.from({ length: 15 }, () => 0n)],
  rip: rax + 100n,
  rflags,
  control: { cr0: 0n, cr2: 0n, cr3: 0n, cr4: 0n, efer: 0n },
  segments: [],
  disassembly: [],
});

describe("registers", () => {
  it("are the sixteen, with what changed", () => {
    const registers = registersOf(cpu(2n), cpu(1n));
    expect(registers.map(({ name }) => name).join(" ")).toBe(
      "rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15",
    );
    expect(registers.filter(({ changed }) => changed).map(({ name }) => name)).toEqual(["rax"]);
    expect(registersOf(cpu(2n), undefined).some(({ changed }) => changed)).toBe(false);
  });

  it("are eight of 32 bits outside 64-bit mode, and what lies above them is no change", () => {
    const old: CpuView = { ...cpu(0x1_0000_0002n), mode: "protected 32" };
    const registers = registersOf({ ...old, registers: cpu(0x2_0000_0002n).registers }, old);
    expect(registers.map(({ name }) => name).join(" ")).toBe("eax ecx edx ebx esp ebp esi edi");
    expect(registers[0]).toEqual({ name: "eax", value: "00000002", changed: false });
  });

  it("name the place of the next instruction as the mode does", () => {
    const at: CpuView = {
      ...cpu(0n),
      rip: 0xe05bn,
      segments: [{ name: "CS", selector: 0xf000, base: 0xf0000n, limit: 0xffff }],
    };
    expect(placeOf({ ...at, mode: "real" })).toEqual({ name: "cs:ip", value: "f000:e05b" });
    expect(placeOf({ ...at, mode: "compatibility" })).toEqual({ name: "eip", value: "0000e05b" });
    expect(placeOf(at)).toEqual({ name: "rip", value: "000000000000e05b" });
  });

  it("flags are letters, upper case when set", () => {
    expect(
      flagsOf(cpu(0n, 0x246n), undefined)
        .map(({ letter }) => letter)
        .join(""),
    ).toBe("odIsZaPc");
    expect(
      flagsOf(cpu(0n, 0x247n), cpu(0n, 0x246n))
        .filter(({ changed }) => changed)
        .map(({ name }) => name),
    ).toEqual(["carry"]);
  });

  it("of two pauses are kept, and those of a run between them are not", () => {
    const first = trackPauses(noPause, cpu(1n), true, 10);
    expect(first.before).toBeUndefined();
    const running = trackPauses(first, cpu(5n), false, 500);
    expect(running.latest?.registers[0]).toBe(1n);
    const second = trackPauses(running, cpu(9n), true, 1000);
    expect([second.before?.registers[0], second.latest?.registers[0]]).toEqual([1n, 9n]);
    const same = trackPauses(second, cpu(9n), true, 1000);
    expect(same.before?.registers[0]).toBe(1n);
    expect(trackPauses(second, second.latest!, true, 1000)).toBe(second);
    expect(trackPauses(second, cpu(3n), true, 5).before).toBeUndefined();
  });
});
