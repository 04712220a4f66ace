/** What x87 instructions have in memory: singles, doubles, integers, and 18 decimal digits. */
import type { FPU_KINDS } from "../../../../isa/floatcodes";
import { DOUBLE, finite, integer, type Real, SINGLE, unpack } from "../real";
import { INDEFINITE } from "./stack";

export type Kind = (typeof FPU_KINDS)[number];

export const absolute = (value: bigint) => (value < 0n ? -value : value);

export function memoryReal(kind: Kind, bits: bigint): Real {
  switch (kind) {
    case "single":
      return unpack(SINGLE, BigInt.asUintN(32, bits));
    case "double":
      return unpack(DOUBLE, bits);
    case "integer16":
      return integer(BigInt.asIntN(16, bits));
    case "integer32":
      return integer(BigInt.asIntN(32, bits));
    default:
      return integer(BigInt.asIntN(64, bits));
  }
}

export const bytesIn = (kind: Kind): number =>
  ({ single: 4, double: 8, extended: 10, integer16: 2, integer32: 4, integer64: 8, decimal: 10, register: 0 })[kind];

export function indefiniteOf(kind: Kind): bigint {
  switch (kind) {
    case "single":
      return 0xffc0_0000n;
    case "double":
      return 0xfff8_0000_0000_0000n;
    case "extended":
      return INDEFINITE;
    case "decimal":
      return 0xffff_c000_0000_0000_0000n;
    default:
      return 1n << BigInt(8 * bytesIn(kind) - 1);
  }
}

export const littleEndian = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
export const bytesOf = (bits: bigint, count: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, n) => Number((bits >> BigInt(8 * n)) & 0xffn));

/** Eighteen decimal digits, two to a byte, the sign above them. */
export function decimalBits(value: bigint, sign: 0 | 1): bigint {
  return BigInt(`0x${value.toString()}`) | (BigInt(sign) << 79n);
}
export function decimalReal(bytes: Uint8Array): Real {
  let value = 0n;
  for (let n = 8; n >= 0; n--) value = value * 100n + BigInt((bytes[n] >> 4) * 10 + (bytes[n] & 15));
  return finite(bytes[9] & 0x80 ? 1 : 0, value, 0);
}
