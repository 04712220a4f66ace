/** The CPU panel's part of a frame: registers, and the instructions around RIP. */
import type { Cpu, CpuSnapshot } from "../engine/board";
import { disassemble, type Disassembled } from "../engine/decode/disassemble";
import type { Symbols } from "../lens/symbols";
import type { CpuView, DisassemblyLine } from "./protocol";

const LINES_BEFORE = 6;
const LINES_AFTER = 18;
const LONGEST_INSTRUCTION = 15;
/** How far back the beginning of the function may lie for the lines before RIP to be decoded from it. */
const MOST_BACK = 2048;
const SEGMENT_NAMES = ["ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR"];
const MODE_BITS: Readonly<Record<string, 16 | 32 | 64>> = { "64-bit": 64, compatibility: 32, "protected 32": 32 };
const ACCESS_CODE_32 = 0x40_0000;

type Syntax = "intel" | "att";

/** Instruction bytes at linear addresses, as the CPU would fetch them. */
class Code {
  constructor(
    private readonly cpu: Cpu,
    private readonly user: boolean,
  ) {}

  bytes(linear: bigint, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const at = this.cpu.translate(BigInt.asUintN(64, linear + BigInt(done)), "execute", this.user);
      if (at === undefined || at >= this.cpu.ram.length) return bytes.subarray(0, done);
      const size = Math.min(length - done, 4096 - (at % 4096), this.cpu.ram.length - at);
      bytes.set(this.cpu.ram.subarray(at, at + size), done);
      done += size;
    }
    return bytes;
  }
}

/** Default operand and address size of the code segment: the mode names them, except compatibility mode, where CS.D does. */
function codeBits(snapshot: CpuSnapshot): 16 | 32 | 64 {
  if (snapshot.mode === "compatibility") return snapshot.segments[1].access & ACCESS_CODE_32 ? 32 : 16;
  return MODE_BITS[snapshot.mode] ?? 16;
}

class Listing {
  private readonly code: Code;
  private readonly bits: 16 | 32 | 64;
  private readonly base: bigint;

  constructor(
    cpu: Cpu,
    private readonly snapshot: CpuSnapshot,
    private readonly symbols: Symbols,
    private readonly syntax: Syntax,
  ) {
    this.code = new Code(cpu, snapshot.cpl === 3);
    this.bits = codeBits(snapshot);
    this.base = this.bits === 64 ? 0n : snapshot.segments[1].base;
  }

  private decode(address: bigint, bytes: Uint8Array): Disassembled {
    return disassemble(bytes, address, this.bits, this.syntax);
  }

  private line(address: bigint, bytes: Uint8Array): { line: DisassemblyLine; length: number } {
    const { text, explanation, length } = this.decode(address, bytes);
    const shown = [...bytes.subarray(0, length)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const current = address === this.snapshot.rip;
    return { line: { address, bytes: shown, text, explanation, current }, length };
  }

  private forward(from: bigint, count: number, until?: bigint): DisassemblyLine[] | undefined {
    const lines: DisassemblyLine[] = [];
    let address = from;
    const bytes = this.code.bytes(this.base + from, until ? Number(until - from) : count * LONGEST_INSTRUCTION);
    let at = 0;
    while (until === undefined ? lines.length < count : address < until) {
      if (at >= bytes.length) break;
      const { line, length } = this.line(address, bytes.subarray(at, at + LONGEST_INSTRUCTION));
      lines.push(line);
      at += length;
      address += BigInt(length);
    }
    return until !== undefined && address !== until ? undefined : lines;
  }

  /** Instructions have no way back: the lines before RIP are decoded from the beginning of its function, where that is known. */
  private before(): DisassemblyLine[] {
    const start = this.symbols.below(this.snapshot.rip);
    if (start === undefined || start === this.snapshot.rip) return [];
    if (this.snapshot.rip - start > BigInt(MOST_BACK)) return [];
    return this.forward(start, 0, this.snapshot.rip)?.slice(-LINES_BEFORE) ?? [];
  }

  lines(): DisassemblyLine[] {
    return [...this.before(), ...this.forward(this.snapshot.rip, LINES_AFTER)!];
  }
}

export function viewCpu(cpu: Cpu, symbols: Symbols, syntax: Syntax): CpuView {
  const snapshot = cpu.snapshot();
  const { cr0, cr2, cr3, cr4, efer } = snapshot;
  const symbol = symbols.nearest(snapshot.rip);
  return {
    mode: snapshot.mode,
    ring: snapshot.cpl,
    halted: snapshot.halted,
    registers: snapshot.registers,
    rip: snapshot.rip,
    rflags: snapshot.rflags,
    control: { cr0, cr2, cr3, cr4, efer },
    segments: snapshot.segments.map(({ selector, base, limit }, index) => ({
      name: SEGMENT_NAMES[index],
      selector,
      base,
      limit,
    })),
    disassembly: new Listing(cpu, snapshot, symbols, syntax).lines(),
    ...(symbol !== undefined && { symbol }),
  };
}
