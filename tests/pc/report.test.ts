/** The line of code in the report of a run that a part ended: bytes from where the CPU would fetch them, as many as there are. */
import { describe, expect, it } from "vitest";
import { partReport } from "../../src/pc/report";
import { bareMachine, CODE, legacyMachine, longMachine, type Machine } from "../engine/machine";

const RAM_BYTES = 4 << 20;
const BIG = 0x40_0000;
const codeOf = ({ cpu }: Machine) => /^code (.*)$/m.exec(partReport(cpu, "a part"))![1];
const NOPS = Array.from({ length: 15 }, () => 0x90);
const nops = (count: number) => Array.from({ length: count }, () => "90").join(" ");

describe("what a part's report shows of the code", () => {
  it("names what was asked for and the place", () => {
    const machine = longMachine([0xf4]);
    expect(partReport(machine.cpu, "a floppy")).toMatch(/^not implemented: a floppy\ntick 0, 64-bit mode, CPL 0\n/);
  });

  it("fifteen bytes, read in the mode of the code", () => {
    const bytes = [0xb8, 1, 2, 3, 4, 5, 6, 7, ...NOPS];
    const shown = "b8 01 02 03 04 05 06 07 90 90 90 90 90 90 90";
    expect(codeOf(longMachine([0x48, ...bytes]))).toBe(`48 ${shown.slice(0, -3)}  mov rax, 0x9007060504030201`);
    expect(codeOf(legacyMachine(bytes, 32))).toBe(`${shown}  mov eax, 0x4030201`);
    expect(codeOf(legacyMachine(bytes, 16))).toBe(`${shown}  mov ax, 0x201`);
  });

  it("16-bit code of compatibility mode as such", () => {
    const machine = longMachine([0xb8, 1, 2, 3, 4]);
    const shown = (access: number) => {
      machine.state.set32("segmentAccess", access, 1);
      machine.cpu.flushCaches();
      return codeOf(machine).split("  ")[1];
    };
    expect(shown(0x9b00 | BIG)).toBe("mov eax, 0x4030201");
    expect(shown(0x9b00)).toBe("mov ax, 0x201");
  });

  it("behind the base of CS, but in 64-bit mode", () => {
    const segment = { base: 0x3_0000, limit: 0xf_ffff };
    const legacy = legacyMachine([0xb0, 7], 32, false, segment);
    legacy.cpu.ram.fill(0xcc, CODE - segment.base, CODE);
    expect(codeOf(legacy)).toContain("mov al, 7");
    const long = longMachine([0xb0, 7]);
    long.state.set64("segmentBase", 0x1000n, 1);
    expect(codeOf(long)).toContain("mov al, 7");
  });

  it("no further than memory", () => {
    const machine = bareMachine(4);
    machine.cpu.ram.fill(0x90, RAM_BYTES - 3);
    for (const name of ["segmentBase", "descriptorBase"] as const) machine.state.set64(name, BigInt(RAM_BYTES - 3), 1);
    machine.state.set64("rip", 0n);
    machine.cpu.flushCaches();
    expect(codeOf(machine)).toBe(`${nops(3)}  nop`);
  });

  it("no further than what may be fetched at this privilege", () => {
    const place = 0x20_0000 - 2;
    const machine = longMachine([]);
    machine.cpu.ram.set(NOPS, place);
    machine.state.set64("rip", BigInt(place));
    expect(codeOf(machine)).toBe(`${nops(15)}  nop`);
    const tables = new DataView(machine.cpu.ram.buffer, machine.cpu.ram.byteOffset);
    const second = 0xa000 + 8;
    const supervisor = tables.getUint32(second, true) & ~4;
    tables.setUint32(second, supervisor, true);
    machine.cpu.flushCaches();
    expect(codeOf(machine)).toBe(`${nops(15)}  nop`);
    machine.state.set32("cpl", 3);
    expect(codeOf(machine)).toBe(`${nops(2)}  nop`);
    tables.setUint32(second, 0, true);
    machine.state.set32("cpl", 0);
    machine.cpu.flushCaches();
    expect(codeOf(machine)).toBe(`${nops(2)}  nop`);
  });
});
