/** Writes the code of a program piece by piece. Pieces know where they stand, and can be left out. */
import { CODE, DATA, random } from "../../cases";
import { littleEndian } from "../../media/addresses";
import { MOST_CODE, PAGE, USUAL_PLACE } from "../cases";
import { chance, type Next, pick } from "./dice";
import { codeAddress, type Ground } from "./ground";

export interface Operation {
  readonly prefixes?: readonly number[];
  /** REX.W, and bit 3 of ModRM.reg. */
  readonly wide?: boolean;
  readonly opcode: readonly number[];
  /** ModRM.reg. */
  readonly reg: number;
  readonly immediate?: readonly number[];
}

const SIB = 4,
  DISP_ONLY = 5,
  DISP16_ONLY = 6,
  BX16 = 7;
const NO_INDEX = 0x20;
const overrides = { ES: 0x26, CS: 0x2e, SS: 0x36, DS: 0x3e, FS: 0x64, GS: 0x65 } as const;
/** Room for what closes a program. */
const CLOSING = 100;

export class Writer {
  readonly bytes: number[] = [];
  pieces = 0;
  /** Linear addresses of immediate bytes that may become others (rewriting.ts). */
  marks: number[] = [];
  /** Places where the program goes on behind faults, from its first byte. */
  readonly labels: number[] = [];

  constructor(
    readonly ground: Ground,
    public next: Next,
    private readonly without: ReadonlySet<number> = new Set(),
    /** Numbers of forms that are wanted most. */
    readonly rare: ReadonlySet<number> = new Set(),
    /** Of the first byte, from CODE. */
    readonly place = USUAL_PLACE,
    /** Dice of pieces that are others than the program's seed says, by number. */
    private readonly changes: ReadonlyMap<number, number> = new Map(),
  ) {}

  get long(): boolean {
    return this.ground.bits === 64;
  }
  /** Of the next byte, in the code segment; and linear. */
  get here(): number {
    return codeAddress(this.ground, this.place + this.bytes.length);
  }
  get linear(): number {
    return CODE + this.place + this.bytes.length;
  }

  label(): void {
    if (this.labels.at(-1) !== this.bytes.length) this.labels.push(this.bytes.length);
  }

  emit(...bytes: readonly number[]): void {
    this.bytes.push(...bytes);
  }
  /** An address, or another number of the mode's usual size (4 bytes in 64-bit mode). */
  emitWord(value: number): void {
    this.emit(...littleEndian(value >>> 0, this.ground.bits === 16 ? 2 : 4));
  }

  /** Something that can be left out, or be another, with dice of its own. */
  piece(write: () => void): void {
    const { length } = this.bytes;
    const marks = [...this.marks];
    const { next } = this;
    const own = next();
    this.next = random(this.changes.get(this.pieces) ?? own);
    write();
    this.next = next;
    const tooLong = this.bytes.length > MOST_CODE - CLOSING;
    if (!this.without.has(this.pieces++) && !tooLong) return;
    this.bytes.length = length;
    this.marks = marks;
  }

  /** Jumps over what is written. */
  over(write: () => void, opcode = 0xeb): void {
    this.emit(opcode, 0);
    const from = this.bytes.length;
    write();
    if (this.bytes.length - from < 128) this.bytes[from - 1] = this.bytes.length - from;
    else this.bytes.length = from - 2;
  }

  /** Prefix 66 where the mode's usual operands are not those of `size`. */
  size(size: 16 | 32): void {
    if ((this.ground.bits === 16) !== (size === 16)) this.emit(0x66);
  }

  /** MOV of 16 or 32 bits to memory. */
  store(offset: number, value: number, size: 16 | 32 = 32): void {
    const prefixes = (this.ground.bits === 16) === (size === 16) ? [] : [0x66];
    this.plainly({ prefixes, opcode: [0xc7], reg: 0, immediate: littleEndian(value >>> 0, size / 8) }, offset);
  }

  /** With a memory operand at an offset from DATA, by whatever form of address. */
  memory(operation: Operation, offset: number): void {
    const { next } = this;
    if (this.long) return this.longMemory(operation, offset, next() % 8);
    const prefixes: number[] = [];
    // Beyond its limit, which of two faults comes first for what is not aligned depends on the processor.
    const stack = offset < 2 * PAGE - 16 ? "SS" : "DS";
    if (chance(next, 10)) prefixes.push(overrides[pick(next, ["ES", stack, "DS", "DS"] as const)]);
    else if (chance(next, 2)) prefixes.push(overrides[pick(next, ["CS", "FS", "GS"] as const)]);
    const other = chance(next, this.ground.bits === 16 ? 25 : this.ground.dataBase ? 15 : 1);
    this.legacyMemory(operation, offset, next() % 4, prefixes, other);
  }

  /** The same by the plainest of addresses: only the displacement. */
  plainly(operation: Operation, offset: number): void {
    if (this.long) this.longMemory(operation, offset, 0);
    else this.legacyMemory(operation, offset, 0, [], false);
  }

  private longMemory({ prefixes = [], wide, opcode, reg, immediate = [] }: Operation, offset: number, how: number) {
    const { next, ground } = this;
    const target = DATA + offset;
    const rex = 0x40 | (wide ? 8 : 0) | ((reg & 8) >> 1);
    const low = (reg & 7) << 3;
    const write = (base: number, bytes: readonly number[]) =>
      this.emit(
        ...prefixes,
        ...((rex | base) === 0x40 && !wide ? [] : [rex | base]),
        ...opcode,
        ...bytes,
        ...immediate,
      );
    if (how === 0) return write(0, [low | SIB, NO_INDEX | DISP_ONLY, ...littleEndian(target, 4)]);
    if (how === 1) {
      const length = prefixes.length + (rex === 0x40 ? 0 : 1) + opcode.length + 5 + immediate.length;
      return write(0, [low | DISP_ONLY, ...littleEndian((target - this.here - length) >>> 0, 4)]);
    }
    const [base, at] = pick(next, [...ground.pointers]);
    const sib = base === 12 ? [NO_INDEX | SIB] : [];
    const shift = offset - at;
    const short = shift >= -128 && shift < 128;
    const bytes = littleEndian(shift >>> 0, short ? 1 : 4);
    write(1, [(short ? 0x40 : 0x80) | low | (base & 7), ...sib, ...bytes]);
  }

  private legacyMemory(operation: Operation, offset: number, how: number, segment: readonly number[], other: boolean) {
    const { prefixes = [], opcode, reg, immediate = [] } = operation;
    const { bits, dataBase, pointers } = this.ground;
    const short = other !== (bits === 16);
    const low = (reg & 7) << 3;
    const [base, at] = [...pointers][0];
    const shift = offset - at;
    const near = shift >= -128 && shift < 128;
    const wide = short ? 2 : 4;
    const address = () => {
      if (how < 2)
        return [
          low | (short ? DISP16_ONLY : DISP_ONLY),
          ...littleEndian((DATA + offset - dataBase) >>> 0, 4).slice(0, wide),
        ];
      const rm = short ? [BX16] : how === 2 ? [base] : [SIB, NO_INDEX | base];
      const [first, ...sib] = rm;
      return [(near ? 0x40 : 0x80) | low | first, ...sib, ...littleEndian(shift >>> 0, 4).slice(0, near ? 1 : wide)];
    };
    this.emit(...segment, ...(other ? [0x67] : []), ...prefixes, ...opcode, ...address(), ...immediate);
  }
}
