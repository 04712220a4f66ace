/**
 * Random programs at CODE, for 64-bit mode or for 32-bit segments: blocks of arithmetic, memory, stack, string and vector instructions, with
 * forward and backward jumps, calls, faults and stores into their own code. Faults and interrupts go to handlers that count them; a fault
 * goes on at R15 (in RESUME), which every block points at the one after it. R14 (in ROUNDS) counts jumps back, so that a program ends: in
 * HLT. What programs are made of comes in pieces that can be left out, by number: so one that fails is made small (shrink.ts).
 */
import { CODE, DATA, legacyMachine, longMachine, type Machine, STACK } from "../machine";
import type { CpuConfig } from "../../../src/engine/cpu";
import { paletteOf, vector } from "./vectorpiece";

export const HANDLERS = 0x5000;
const IDT = 0x3000;
const GDT = 0x2000;
const COUNTS = 0x6000;
export const TIMER = 32;
const NOT_MAPPED = 0x4000_0000;

/** Where 32-bit programs keep what 64-bit ones have in R15 and R14. */
const RESUME = 0x7000,
  ROUNDS = 0x7010;

export type Next = () => number;

export interface Kind {
  readonly bits: 64 | 32;
  /** Where the segments of a 32-bit program begin, and their limit. */
  readonly base: number;
  readonly limit: number;
}
export const long: Kind = { bits: 64, base: 0, limit: 0 };
export const flat: Kind = { bits: 32, base: 0, limit: 0xffff_ffff };
/** The limit lies in the data, so that some accesses are beyond it. */
export const based: Kind = { bits: 32, base: 0x1000, limit: DATA + 0x1fff - 0x1000 };

export class Writer {
  readonly bytes: number[] = [];
  readonly labels: number[] = [];
  pieces = 0;
  private patches: { at: number; label: number; absolute: boolean }[] = [];

  constructor(
    readonly kind: Kind,
    private readonly without: ReadonlySet<number>,
  ) {}

  get long(): boolean {
    return this.kind.bits === 64;
  }

  /** Something that can be left out; it asks for the same random numbers then. */
  piece(write: () => void): void {
    const { length } = this.bytes;
    const patches = [...this.patches];
    write();
    if (!this.without.has(this.pieces++)) return;
    this.bytes.length = length;
    this.patches = patches;
  }

  /** REX, where there is one. */
  rex(bits: number): void {
    if (this.long) this.emit(0x40 | bits);
  }
  /** A linear address as the program sees it. */
  address(linear: number): void {
    this.emit32(linear - this.kind.base);
  }
  /** Four bytes: the address of a label. */
  place(label: number): void {
    this.patches.push({ at: this.bytes.length, label, absolute: true });
    this.emit32(0);
  }

  emit(...bytes: number[]): void {
    this.bytes.push(...bytes);
  }
  emit32(value: number): void {
    for (let n = 0; n < 32; n += 8) this.bytes.push((value >>> n) & 0xff);
  }
  /** Four bytes of distance to a label, from the end of the field. */
  distance(label: number): void {
    this.patches.push({ at: this.bytes.length, label, absolute: false });
    this.emit32(0);
  }
  mark(label: number): void {
    this.labels[label] = this.bytes.length;
  }
  finish(): Uint8Array {
    const out = Uint8Array.from(this.bytes);
    const view = new DataView(out.buffer);
    for (const { at, label, absolute } of this.patches)
      view.setInt32(at, this.labels[label] + (absolute ? CODE - this.kind.base : -at - 4), true);
    return out;
  }
}

/** rAX rCX rDX rBX rBP(5) rSI rDI and R8..R11 may be anything; R12 points at data, R13 at data elsewhere. */
const longRegisters = [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11];
/** EBX points at data. */
const legacyRegisters = [0, 1, 2, 5, 6, 7];
const registersOf = (w: Writer) => (w.long ? longRegisters : legacyRegisters);
const pick = <T>(next: Next, list: readonly T[]): T => list[next() % list.length];

/** Prefix 66 or REX.W or nothing, REX bits for reg and rm, opcode, and ModRM for two registers. */
function registerForm(w: Writer, next: Next, opcode: number[], reg: number, rm: number): void {
  const size = next() % 4;
  if (size === 0) w.emit(0x66);
  w.rex((size === 1 ? 8 : 0) | ((reg >> 3) << 2) | (rm >> 3));
  w.emit(...opcode, 0xc0 | ((reg & 7) << 3) | (rm & 7));
}

/** The same with memory at R12 or R13 (EBX, or an address) plus a displacement. */
function memoryForm(w: Writer, next: Next, opcode: number[], reg: number): void {
  const size = next() % 4;
  const base = 12 + (next() & 1);
  // Mostly inside the first pages; now and then across a page boundary.
  const displacement = next() % 6 === 0 ? 0xff8 + (next() % 16) : next() % 0x200;
  if (size === 0) w.emit(0x66);
  w.rex((size === 1 ? 8 : 0) | ((reg >> 3) << 2) | 1);
  w.emit(...opcode);
  if (!w.long) {
    w.emit((base === 12 ? 0x83 : 0x05) | ((reg & 7) << 3));
    return base === 12 ? w.emit32(displacement) : w.address(DATA + 0x1000 + displacement);
  }
  if (base === 12) w.emit(0x84 | ((reg & 7) << 3), 0x24);
  else w.emit(0x85 | ((reg & 7) << 3));
  w.emit32(displacement);
}

const binaryOpcodes = [0x00, 0x08, 0x10, 0x18, 0x20, 0x28, 0x30, 0x38];

function arithmetic(w: Writer, next: Next): void {
  const a = pick(next, registersOf(w));
  const b = pick(next, registersOf(w));
  switch (next() % 16) {
    case 0:
    case 1:
      return registerForm(w, next, [pick(next, binaryOpcodes) | (next() & 3)], a, b);
    case 2:
      return memoryForm(w, next, [pick(next, binaryOpcodes) | (next() & 3)], a);
    case 3:
      registerForm(w, next, [0x83], next() & 7, b);
      return w.emit(next() & 0xff);
    case 4:
      registerForm(w, next, [0xc1], pick(next, [0, 1, 2, 3, 4, 5, 7]), b);
      return w.emit(next() & 0x3f);
    case 5:
      return registerForm(w, next, [pick(next, [0xd3, 0xd2, 0xd1])], pick(next, [0, 1, 2, 3, 4, 5, 7]), b);
    case 6:
      return registerForm(w, next, [0xff], next() & 1, b);
    case 7:
      return registerForm(w, next, [0xf7], pick(next, [2, 3, 4, 5]), b);
    case 8:
      return registerForm(w, next, [0x0f, 0x40 | (next() & 15)], a, b);
    case 9:
      return registerForm(w, next, [0x0f, 0x90 | (next() & 15)], 0, b);
    case 10:
      return registerForm(w, next, [0x0f, pick(next, [0xa3, 0xab, 0xb3, 0xbb, 0xaf, 0xb6, 0xb7, 0xbe, 0xbf])], a, b);
    case 11:
      return registerForm(w, next, [pick(next, [0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b])], a, b);
    case 12:
      return memoryForm(w, next, [pick(next, [0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b])], a);
    case 13:
      return memoryForm(w, next, [0x0f, pick(next, [0xb1, 0xc1, 0xb0, 0xaf, 0xb6])], a);
    case 14:
      return w.emit(pick(next, [0xf8, 0xf9, 0xf5, 0x9f, 0x9e, 0x98, 0x99]));
    default:
      return registerForm(w, next, [0x0f, pick(next, [0xbc, 0xbd])], a, b);
  }
}

/** A conditional jump but for its distance, often after an instruction whose flags it is meant for. */
function branch(w: Writer, next: Next): void {
  const list = registersOf(w);
  if (next() % 3) registerForm(w, next, [pick(next, [0x39, 0x3b, 0x85, 0x29])], pick(next, list), pick(next, list));
  w.emit(0x0f, 0x80 | (next() & 15));
}

/** What is rarer, and more dangerous. */
function special(w: Writer, next: Next, labels: number): void {
  const a = pick(next, registersOf(w));
  switch (next() % 10) {
    case 0: // push, and pop into something else
      if (w.long) w.emit(0x41);
      return w.emit(0x50 | (a & 7), 0x58 | pick(next, w.long ? [0, 1, 2, 3, 5, 6, 7] : legacyRegisters));
    case 1: // a division that may fault
      return registerForm(w, next, [0xf7], pick(next, [6, 7]), a);
    case 2: // memory that is not there: mov rax, [NOT_MAPPED]
      if (w.long) w.emit(0x48, 0x8b, 0x04, 0x25);
      else w.emit(0x8b, 0x05);
      return w.emit32(NOT_MAPPED + (next() % 64));
    case 3: // a short string operation at the data: lea rdi/rsi, mov ecx, n; rep
      w.emit(...(w.long ? [0x49, 0x8d, 0xbc, 0x24] : [0x8d, 0xbb]));
      w.emit32(next() % 0x1100);
      w.emit(...(w.long ? [0x49, 0x8d, 0xb5] : [0x8d, 0xb3]));
      w.emit32(next() % 0x100);
      w.emit(0xb9);
      w.emit32(next() % 40);
      if (next() % 3) w.emit(pick(next, [0xf3, 0xf2]));
      return w.emit(pick(next, [0xa4, 0xa5, 0xaa, 0xab, 0xa6, 0xae, 0xac]));
    case 4: // into its own code: the immediate byte of the instruction after it
      w.emit(0xc6, 0x05);
      if (w.long) w.emit32(1);
      else w.address(CODE + w.bytes.length + 6);
      w.emit(next() & 0x7f, 0xb0, next() & 0xff);
      return;
    case 5: // the immediate of a MOV in another block
      w.emit(0xc6, 0x05);
      if (w.long) w.distance(labels + 1 + (next() % labels));
      else w.place(labels + 1 + (next() % labels));
      w.bytes.push(next() & 0xff);
      return;
    case 6: // pushf, popf; cld, std
      w.emit(...pick(next, [w.long ? [0x9c, 0x41, 0x5a] : [0x9c, 0x5a], [0xfc], [0xfd, 0xfc], [0x9c, 0x9d]]));
      return;
    case 7: // ud2
      return void (next() % 4 === 0 && w.emit(0x0f, 0x0b));
    case 8: // out to a port
      return w.emit(0xe6, next() & 0xff);
    default: // mov r, imm
      w.rex(8 | (a >> 3));
      w.emit(0xb8 | (a & 7));
      w.emit32(next());
      return void (w.long && w.emit32(next() % 3 ? 0 : next()));
  }
}

/** Jumps at the end of a block. Back only while R14 lasts. */
function jumps(w: Writer, next: Next, block: number, blocks: number, finish: number): void {
  const target = next() % 3 ? next() % (block + 1) : next() % blocks;
  const back = target <= block;
  switch (next() % 6) {
    case 0: // call a block that returns, or comes to its end some other way
      if (back) return;
      w.emit(0xe8);
      return w.distance(target);
    case 1: // jump through a register
      if (back) return;
      if (!w.long) {
        w.emit(0xbf);
        w.place(target);
        return w.emit(0xff, 0xe7);
      }
      w.emit(0x4c, 0x8d, 0x1d);
      w.distance(target);
      return w.emit(0x41, 0xff, 0xe3);
    default:
      if (back) {
        // dec r14; js finish
        if (w.long) w.emit(0x49, 0xff, 0xce);
        else {
          w.emit(0xff, 0x0d);
          w.address(ROUNDS);
        }
        w.emit(0x0f, 0x88);
        w.distance(finish);
        for (let n = next() % 3; n > 0; n--) arithmetic(w, next);
      }
      branch(w, next);
      w.distance(target);
  }
}

export interface Program {
  readonly code: Uint8Array;
  /** Pieces that can be left out. */
  readonly pieces: number;
}

/** Without the pieces of these numbers. */
export function randomProgram(next: Next, kind: Kind, without: ReadonlySet<number> = new Set()): Program {
  const w = new Writer(kind, without);
  const blocks = 3 + (next() % 8);
  const finish = blocks;
  const palette = paletteOf(next, w.long);
  for (let block = 0; block < blocks; block++) {
    w.mark(block);
    // lea r15, [next block]
    if (w.long) {
      w.emit(0x4c, 0x8d, 0x3d);
      w.distance(block + 1);
    } else {
      w.emit(0xc7, 0x05);
      w.address(RESUME);
      w.place(block + 1);
    }
    // mov al, n, which other blocks may change
    w.emit(0xb0);
    w.mark(blocks + 1 + block);
    w.emit(next() & 0xff);
    for (let n = next() % 10; n > 0; n--) {
      w.piece(() => {
        if (next() % 12 === 0) special(w, next, blocks);
        else if (next() % 4 === 0) vector(w, next, palette, registersOf(w));
        else arithmetic(w, next);
      });
      w.piece(() => {
        if (next() % 10 !== 0) return;
        branch(w, next);
        w.distance(block + 1 + (next() % (blocks - block)));
      });
    }
    w.piece(() => jumps(w, next, block, blocks, finish));
    w.piece(() => {
      if (next() % 9 === 0) w.emit(0xc3);
    });
  }
  w.mark(finish);
  w.emit(0xfa, 0xf4);
  return { code: w.finish(), pieces: w.pieces };
}

const touched = [COUNTS, RESUME, CODE, STACK - 0x1000, STACK, DATA, DATA + 0x1000, DATA + 0x2000];

/** Registers, flags, clock and the pages that programs write to. */
export function digest({ cpu, state }: Machine): string {
  let sum = 0;
  const ram = new Uint32Array(cpu.ram.buffer, cpu.ram.byteOffset);
  for (const page of touched) {
    for (let n = page / 4; n < page / 4 + 1024; n++) sum = (Math.imul(sum, 31) + ram[n]) | 0;
  }
  const registers = Array.from({ length: 16 }, (_, n) => state.get64("registers", n).toString(16));
  const vectors = Array.from({ length: 32 }, (_, n) => state.get64("xmm", n).toString(16)).join(" ");
  const rip = state.get64("rip").toString(16);
  return `${cpu.clock} ${rip} ${cpu.system.rflags().toString(16)} ${registers.join(" ")} ${sum} ${state.get32("mxcsr")} ${vectors}`;
}

/** A machine with the program, its handlers and its registers. */
export function programMachine(code: Uint8Array, next: Next, kind: Kind, regions: CpuConfig["regions"]): Machine {
  const machine = kind.bits === 64 ? longMachine(code, 4, regions) : legacyMachine(code, 32, regions, kind);
  const { cpu, state } = machine;
  const view = new DataView(cpu.ram.buffer, cpu.ram.byteOffset);
  view.setBigUint64(GDT + 8, 0x00af_9b00_0000_ffffn, true);
  view.setBigUint64(GDT + 16, 0x00cf_9300_0000_ffffn, true);
  if (kind.bits === 32) legacyGates(view, cpu.ram, kind);
  else longGates(view, cpu.ram);
  for (let n = 0; n < 0x3000; n += 4) view.setUint32(DATA + n, next(), true);
  state.set64("gdtBase", BigInt(GDT));
  state.set32("gdtLimit", 23);
  state.set64("idtBase", BigInt(IDT));
  state.set32("idtLimit", 0x2ff);
  for (let n = 0; n < 16; n++) state.set64("registers", (BigInt(next()) << 32n) | BigInt(next()), n);
  vectorRegisters(machine, next);
  const rounds = 40 + (next() % 200);
  state.set64("registers", BigInt(STACK - kind.base), 4);
  if (kind.bits === 32) {
    for (let n = 0; n < 8; n++) state.set32("registers", state.get32("registers", n), n);
    state.set64("registers", BigInt(DATA - kind.base), 3);
    view.setUint32(ROUNDS, rounds, true);
    view.setUint32(RESUME, CODE + code.length - 2 - kind.base, true);
  } else {
    state.set64("registers", BigInt(DATA), 12);
    state.set64("registers", BigInt(DATA + 0x1000), 13);
    state.set64("registers", BigInt(rounds), 14);
    state.set64("registers", BigInt(CODE + code.length - 2), 15);
  }
  state.set32("systemFlags", 0x202);
  cpu.flushCaches();
  return machine;
}

/** OSFXSR and OSXMMEXCPT; singles, doubles and integers to begin with. */
function vectorRegisters({ state }: Machine, next: Next): void {
  state.set64("cr4", state.get64("cr4") | 0x600n);
  const bits = new DataView(new ArrayBuffer(8));
  const float = () => ((next() | 0) / 2 ** 20) * (next() % 4 ? 1 : 2 ** (next() % 20));
  for (let n = 0; n < 32; n++) {
    const kind = next() % 3;
    if (kind === 0) bits.setFloat64(0, float());
    else
      for (const at of [0, 4]) {
        if (kind === 1) bits.setFloat32(at, float());
        else bits.setUint32(at, next());
      }
    state.set64("xmm", bits.getBigUint64(0), n);
  }
}

const withCode = new Set([8, 10, 11, 12, 13, 14, 17]);
const bytesOf = (value: number) => [0, 8, 16, 24].map((n) => (value >> n) & 0xff);

function longGates(view: DataView, ram: Uint8Array): void {
  for (let vector = 0; vector < 48; vector++) {
    const at = HANDLERS + vector * 32;
    view.setBigUint64(IDT + vector * 16, BigInt(at & 0xffff) | (8n << 16n) | (0x8e00n << 32n), true);
    const handler: number[] = [];
    if (withCode.has(vector)) handler.push(0x48, 0x83, 0xc4, 0x08);
    // inc qword [count]; for faults: mov [rsp], r15; iretq
    handler.push(0x48, 0xff, 0x04, 0x25, ...bytesOf(COUNTS + vector * 8));
    if (vector < 32) handler.push(0x4c, 0x89, 0x3c, 0x24);
    handler.push(0x48, 0xcf);
    ram.set(handler, at);
  }
}

function legacyGates(view: DataView, ram: Uint8Array, { base, limit }: Kind): void {
  // The code segment is loaded anew at each delivery.
  const inPages = limit > 0xf_ffff;
  const size = inPages ? limit >>> 12 : limit;
  const high = (access: number) =>
    (((base >>> 16) & 0xff) | (access << 8) | (size & 0xf_0000) | (inPages ? 0x00c0_0000 : 0x0040_0000)) >>> 0;
  view.setUint32(GDT + 8, ((base & 0xffff) << 16) | (size & 0xffff), true);
  view.setUint32(GDT + 12, high(0x9b), true);
  for (let vector = 0; vector < 48; vector++) {
    const at = HANDLERS + vector * 32;
    const offset = at - base;
    view.setUint32(IDT + vector * 8, (offset & 0xffff) | (8 << 16), true);
    view.setUint32(IDT + vector * 8 + 4, (offset & ~0xffff) | 0x8e00, true);
    const handler: number[] = [];
    if (withCode.has(vector)) handler.push(0x83, 0xc4, 0x04);
    // inc dword [count]; for faults: push eax; mov eax, [RESUME]; mov [esp + 4], eax; pop eax; iret
    handler.push(0xff, 0x05, ...bytesOf(COUNTS + vector * 8 - base));
    if (vector < 32) handler.push(0x50, 0xa1, ...bytesOf(RESUME - base), 0x89, 0x44, 0x24, 0x04, 0x58);
    handler.push(0xcf);
    ram.set(handler, at);
  }
}
