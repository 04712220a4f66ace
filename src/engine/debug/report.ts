/** What a stop that should not have happened says: where, which bytes, and everything the registers held. */
import type { CpuSnapshot } from "../board";

export interface Scene {
  readonly what: string;
  readonly clock: number;
  readonly snapshot: CpuSnapshot;
  /** Bytes at RIP, as far as they are mapped. */
  readonly bytes: Uint8Array;
  readonly disassembly: string | undefined;
}

const REGISTERS = "RAX RCX RDX RBX RSP RBP RSI RDI R8 R9 R10 R11 R12 R13 R14 R15".split(" ");
const SEGMENTS = "ES CS SS DS FS GS LDTR TR".split(" ");
const hex = (value: bigint | number, digits: number) => value.toString(16).padStart(digits, "0");

export function report({ what, clock, snapshot, bytes, disassembly }: Scene): string {
  const { registers, segments } = snapshot;
  const code = bytes.length ? Array.from(bytes, (byte) => hex(byte, 2)).join(" ") : "not mapped";
  const lines = [
    what,
    `tick ${clock}, ${snapshot.mode} mode, CPL ${snapshot.cpl}`,
    `RIP ${hex(snapshot.rip, 16)}  RFLAGS ${hex(snapshot.rflags, 8)}`,
    `code ${code}${disassembly ? `  ${disassembly}` : ""}`,
  ];
  for (let n = 0; n < 16; n += 4) {
    const row = [0, 1, 2, 3].map((k) => `${REGISTERS[n + k].padEnd(3)} ${hex(registers[n + k], 16)}`);
    lines.push(row.join("  "));
  }
  segments.forEach(({ selector, base, limit, access }, n) =>
    lines.push(
      `${SEGMENTS[n].padEnd(4)} ${hex(selector, 4)}  base ${hex(base, 16)}  limit ${hex(limit, 8)}  access ${hex(access, 6)}`,
    ),
  );
  const { cr0, cr2, cr3, cr4, efer, gdt, idt } = snapshot;
  lines.push(
    `CR0 ${hex(cr0, 8)}  CR2 ${hex(cr2, 16)}  CR3 ${hex(cr3, 16)}  CR4 ${hex(cr4, 8)}  EFER ${hex(efer, 4)}`,
    `GDT ${hex(gdt.base, 16)} limit ${hex(gdt.limit, 4)}  IDT ${hex(idt.base, 16)} limit ${hex(idt.limit, 4)}`,
  );
  return lines.join("\n");
}
