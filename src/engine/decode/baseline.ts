/**
 * What the x86-64 baseline (x87, MMX, SSE, SSE2; AMD64 manual 1, 1.1) has besides the integer and system instructions. Where the
 * definitions lack one of these, the decoder reports it as unimplemented instead of invalid.
 */

const NP = 1,
  P66 = 2,
  F3 = 4,
  F2 = 8;
const bits: Readonly<Record<string, number>> = { NP, "66": P66, F3, F2 };

/** Map 0F: opcodes and the mandatory prefixes under which the baseline defines them. */
const vector = new Uint8Array(256);
function range(from: number, to: number, prefixes: number): void {
  for (let opcode = from; opcode <= to; opcode++) vector[opcode] = prefixes;
}
range(0x10, 0x11, NP | P66 | F3 | F2);
range(0x12, 0x17, NP | P66);
range(0x28, 0x29, NP | P66);
range(0x2a, 0x2a, NP | P66 | F3 | F2);
range(0x2b, 0x2b, NP | P66);
range(0x2c, 0x2d, NP | P66 | F3 | F2);
range(0x2e, 0x2f, NP | P66);
range(0x50, 0x50, NP | P66);
range(0x51, 0x51, NP | P66 | F3 | F2);
range(0x52, 0x53, NP | F3);
range(0x54, 0x57, NP | P66);
range(0x58, 0x5a, NP | P66 | F3 | F2);
range(0x5b, 0x5b, NP | P66 | F3);
range(0x5c, 0x5f, NP | P66 | F3 | F2);
range(0x60, 0x6b, NP | P66);
range(0x6c, 0x6d, P66);
range(0x6e, 0x6e, NP | P66);
range(0x6f, 0x6f, NP | P66 | F3);
range(0x70, 0x70, NP | P66 | F3 | F2);
range(0x71, 0x76, NP | P66);
range(0x77, 0x77, NP);
range(0x7e, 0x7e, NP | P66 | F3);
range(0x7f, 0x7f, NP | P66 | F3);
/** FXSAVE, FXRSTOR, LDMXCSR, STMXCSR. */
range(0xae, 0xae, NP);
range(0xc2, 0xc2, NP | P66 | F3 | F2);
range(0xc4, 0xc6, NP | P66);
range(0xd1, 0xd5, NP | P66);
range(0xd6, 0xd6, P66 | F3 | F2);
range(0xd7, 0xe5, NP | P66);
range(0xe6, 0xe6, P66 | F3 | F2);
range(0xe7, 0xef, NP | P66);
range(0xf1, 0xfe, NP | P66);

/** The baseline's name for the part of it that an opcode belongs to, or undefined when the opcode is not in the baseline. */
export function baselineLacking(map: number, opcode: number, prefix: string): string | undefined {
  const hex = opcode.toString(16).toUpperCase().padStart(2, "0");
  if (map === 0) {
    if (opcode === 0x9b || (opcode >= 0xd8 && opcode <= 0xdf)) return `x87 (${hex})`;
    return undefined;
  }
  if (map !== 1 || !(vector[opcode] & bits[prefix])) return undefined;
  return `MMX/SSE/SSE2 (${prefix === "NP" ? "" : `${prefix} `}0F ${hex})`;
}
