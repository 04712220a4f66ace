/** The CPU panel's part of a frame: registers, and the instructions around RIP. */
import type { Board, Cpu, CpuSnapshot } from "../engine/board";
import { disassemble, type Disassembled, type Syntax } from "../engine/decode/disassemble";
import type { Symbols } from "../lens/symbols";
import type { CpuView, DisassemblyLine, TextScreen } from "./protocol";

const PAGE = 4096;
const LINES_BEFORE = 6;
const LINES_AFTER = 18;
const LONGEST_INSTRUCTION = 15;
/** How far back the beginning of the function may lie for the lines before RIP to be decoded from it. */
const MOST_BACK = 2048;
/** More lines than a listing can have: so many bytes lie before RIP at most. */
const MOST_LINES = MOST_BACK;
const SEGMENT_NAMES = ["ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR"];
const MODE_BITS: Readonly<Record<string, 16 | 32 | 64>> = { "64-bit": 64, compatibility: 32, "protected 32": 32 };
/** 16-bit code ends with its segment. */
const LAST_IP = 0xffffn;
const ACCESS_CODE_32 = 0x40_0000;

/** What of a PC can be seen. */
export interface Visible {
  readonly cpu: Cpu;
  readonly board: Pick<Board, "physicalRead">;
  screen(): TextScreen;
}

/** Instruction bytes at linear addresses, as the CPU would fetch them. */
class Code {
  constructor(
    private readonly machine: Visible,
    private readonly user: boolean,
  ) {}

  bytes(linear: bigint, length: number): Uint8Array {
    const { cpu, board } = this.machine;
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const at = cpu.translate(BigInt.asUintN(64, linear + BigInt(done)), "execute", this.user);
      if (at === undefined) return bytes.subarray(0, done);
      const size = Math.min(length - done, PAGE - (at % PAGE));
      if (at + size <= cpu.ram.length) bytes.set(cpu.ram.subarray(at, at + size), done);
      else for (let i = 0; i < size; i++) bytes[done + i] = Number(board.physicalRead(at + i, 1));
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
    machine: Visible,
    private readonly snapshot: CpuSnapshot,
    private readonly symbols: Symbols,
    private readonly syntax: Syntax,
  ) {
    this.code = new Code(machine, snapshot.cpl === 3);
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
    const line = { address, bytes: shown, text: this.named(text), explanation: this.named(explanation), current };
    return { line, length };
  }

  /** Adds the names of the places that a text mentions by address. */
  private named(text: string): string {
    return text.replace(/\b0x[0-9a-f]{6,16}\b/g, (number) => {
      const name = this.symbols.nearest(BigInt(number));
      return name === undefined ? number : `${number} <${name}>`;
    });
  }

  private forward(from: bigint, count: number, until?: bigint): DisassemblyLine[] | undefined {
    const lines: DisassemblyLine[] = [];
    let address = from;
    const bytes = this.code.bytes(this.base + from, until ? Number(until - from) : count * LONGEST_INSTRUCTION);
    let at = 0;
    while (until === undefined ? lines.length < count : address < until) {
      if (at >= bytes.length || lines.length >= MOST_LINES || (this.bits === 16 && address > LAST_IP)) break;
      const { line, length } = this.line(address, bytes.subarray(at, at + LONGEST_INSTRUCTION));
      // No instruction is shorter than a byte: whatever a decoder answers, the listing comes to its end.
      const size = length >= 1 ? length : 1;
      lines.push(line);
      at += size;
      address += BigInt(size);
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

export function viewCpu(machine: Visible, symbols: Symbols, syntax: Syntax): CpuView {
  const snapshot = machine.cpu.snapshot();
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
    disassembly: new Listing(machine, snapshot, symbols, syntax).lines(),
    ...(symbol !== undefined && { symbol }),
  };
}
