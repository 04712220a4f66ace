/** ModRM, SIB and displacement of a memory operand that lies at a given offset of its segment: any form of address, its registers set to fit. */
import { type Bits, START } from "../cases";

export interface Place {
  readonly bits: Bits;
  readonly addressBits: 16 | 32 | 64;
  /** REX prefix, or 0. */
  readonly rex: number;
  /** ModRM.reg in place. */
  readonly reg: number;
  readonly target: number;
  /** Bytes of the instruction before ModRM, and after the displacement. */
  readonly before: number;
  readonly following: number;
}

type Random = () => number;
type Registers = Map<number, bigint>;

export const littleEndian = (value: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, n) => Math.floor(value / 2 ** (8 * n)) & 255);

const NO_BASE = 5,
  SIB = 4;
const RBX = 3,
  RBP = 5,
  RSI = 6,
  RDI = 7;

/** A displacement of the size that `mod` says, as a number and as bytes. */
function displacement(mod: number, wide: 2 | 4, next: Random): { value: number; bytes: number[] } {
  if (mod === 0) return { value: 0, bytes: [] };
  return displaced(mod, wide, mod === 1 ? (next() << 24) >> 24 : (next() % 0x4000) - 0x2000);
}
const displaced = (mod: number, wide: 2 | 4, value: number) => ({
  value,
  bytes: littleEndian(value, mod === 1 ? 1 : wide),
});

export function memoryOperand(place: Place, next: Random, registers: Registers): number[] {
  if (place.addressBits === 16) return short(place, next, registers);
  const rm = next() % 8;
  const mod = next() % 3;
  if (rm === SIB) return scaled(place, mod, next, registers);
  if (mod === 0 && rm === NO_BASE) return absolute(place);
  const shift = displacement(mod, 4, next);
  set(registers, rm | ((place.rex & 1) << 3), place.target - shift.value, place.addressBits);
  return [(mod << 6) | place.reg | rm, ...shift.bytes];
}

/** By RIP in 64-bit mode. */
function absolute({ bits, reg, target, before, following }: Place): number[] {
  const from = bits === 64 ? START + before + 5 + following : 0;
  return [reg | NO_BASE, ...littleEndian(target - from, 4)];
}

function scaled(place: Place, asked: number, next: Random, registers: Registers): number[] {
  const { rex, reg, target, addressBits } = place;
  const [scale, low, base] = [next() % 4, next() % 8, next() % 8];
  const index = low | ((rex & 2) << 2);
  const origin = base | ((rex & 1) << 3);
  const hasBase = asked !== 0 || base !== NO_BASE;
  const hasIndex = index !== SIB;
  const twice = hasBase && hasIndex && index === origin;
  // A register that is both is multiplied by an odd number: what does not divide is left to a displacement.
  const mod = twice && asked === 0 ? 1 : asked;
  const head = [(mod << 6) | reg | SIB, (scale << 6) | (low << 3) | base];
  const offset = hasIndex && !twice ? (next() % 0x2000) - 0x1000 : 0;
  if (hasIndex && !twice) set(registers, index, offset, addressBits);
  const reach = offset * 2 ** scale;
  if (!hasBase) return [...head, ...littleEndian(target - reach, 4)];
  const shift = displacement(mod, 4, next);
  const rest = target - shift.value - reach;
  if (!twice) {
    set(registers, origin, rest, addressBits);
    return [...head, ...shift.bytes];
  }
  const factor = 1 + 2 ** scale;
  const left = rest - factor * Math.floor(rest / factor);
  const exact = displaced(mod, 4, shift.value + left - (mod === 1 && shift.value + left > 127 ? factor : 0));
  set(registers, origin, (target - exact.value) / factor, addressBits);
  return [...head, ...exact.bytes];
}

/** SDM 2A, table 2-1. */
const pairs = [[RBX, RSI], [RBX, RDI], [RBP, RSI], [RBP, RDI], [RSI], [RDI], [RBP], [RBX]] as const;

function short({ reg, target, addressBits }: Place, next: Random, registers: Registers): number[] {
  const rm = next() % 8;
  const mod = next() % 3;
  if (mod === 0 && rm === 6) return [reg | rm, ...littleEndian(target, 2)];
  const shift = displacement(mod, 2, next);
  const [base, index] = pairs[rm];
  const offset = index === undefined ? 0 : next() & 0xffff;
  if (index !== undefined) set(registers, index, offset, addressBits);
  set(registers, base, target - shift.value - offset, addressBits);
  return [(mod << 6) | reg | rm, ...shift.bytes];
}

function set(registers: Registers, number: number, value: number, bits: 16 | 32 | 64): void {
  registers.set(number, BigInt.asUintN(bits, BigInt(value)));
}
