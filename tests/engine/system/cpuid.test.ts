/**
 * CPUID is honest (SDM 2A CPUID; AMD 3 appendix D): for each feature bit that stands for instructions, the bit is set exactly when
 * they decode; the others are #UD. Encodings that mean something else on processors without the feature (LZCNT, TZCNT, hints) are
 * left out, and those without instructions stand in `structural`.
 */
import { describe, expect, it } from "vitest";
import { decode } from "../../../src/engine/decode/decode";
import { leaf } from "../../../src/engine/system/cpuid";

const EAX = 0,
  EBX = 1,
  ECX = 2,
  EDX = 3;
/** Encodings that differ in their opcode only. */
const each = (head: string, opcodes: string, tail: string) => opcodes.split(" ").map((opcode) => head + opcode + tail);
const SSSE3 = "00 01 02 03 04 05 06 07 08 09 0a 0b 1c 1d 1e";
const SSE41 = "10 14 15 17 20 21 22 23 24 25 28 29 2b 30 31 32 33 34 35 38 39 3a 3b 3c 3d 3e 3f 40 41";
const SSE41_IMMEDIATE = "08 09 0a 0b 0c 0d 0e 14 15 16 17 20 21 22 40 41 42";

/** Leaf, register, bit, name, encodings in 64-bit mode. */
const features: readonly (readonly [number, number, number, string, ...string[]])[] = [
  [1, EDX, 0, "FPU", "d8c1", "d9fe", "9b", "dd30"],
  [1, EDX, 4, "TSC", "0f31"],
  [1, EDX, 5, "MSR", "0f32", "0f30"],
  [1, EDX, 8, "CMPXCHG8B", "0fc70f"],
  [1, EDX, 11, "SEP", "0f34", "0f35"],
  [1, EDX, 15, "CMOV", "0f44c1", "dac1", "dbf1"],
  [1, EDX, 19, "CLFSH", "0fae3f"],
  [1, EDX, 23, "MMX", "0ffcc1", "0f77", "0f6ec0"],
  [1, EDX, 24, "FXSR", "0fae07", "0fae0f"],
  [1, EDX, 25, "SSE", "0f58c1", "0fae17", "0fe0c1", "0faef8", "0f1800"],
  [1, EDX, 26, "SSE2", "660f58c1", "660fd4c1", "0fd4c1", "f30fe6c1", "0faee8", "660ff7c1"],
  [
    1,
    ECX,
    0,
    "SSE3",
    ...each("f20f", "d0 7c 7d 12", "c1"),
    ...each("660f", "d0 7c 7d", "c1"),
    ...each("f30f", "12 16", "c1"),
    "f20ff007",
    ...each("", "db df dd", "0f"),
  ],
  [1, ECX, 1, "PCLMULQDQ", "660f3a44c100"],
  [1, ECX, 3, "MONITOR", "0f01c8", "0f01c9"],
  [1, ECX, 5, "VMX", "0f01c1", "0f01c4", "660fc730", "0f78c1"],
  [1, ECX, 6, "SMX", "0f37"],
  [1, ECX, 9, "SSSE3", ...each("0f38", SSSE3, "c1"), ...each("660f38", SSSE3, "c1"), "0f3a0fc101", "660f3a0fc101"],
  [1, ECX, 12, "FMA", "c4e2f198c2"],
  [1, ECX, 13, "CMPXCHG16B", "480fc70f"],
  [
    1,
    ECX,
    19,
    "SSE4.1",
    ...each("660f38", SSE41, "c1"),
    "660f382a07",
    ...each("660f3a", SSE41_IMMEDIATE, "c100"),
    ...each("66480f3a", "16 22", "c100"),
  ],
  [
    1,
    ECX,
    20,
    "SSE4.2",
    "660f3837c1",
    ...each("660f3a", "60 61 62 63", "c100"),
    ...each("f20f38", "f0 f1", "c1"),
    "66f20f38f1c1",
    "f2480f38f1c1",
  ],
  [1, ECX, 22, "MOVBE", "0f38f007", "0f38f107"],
  [1, ECX, 23, "POPCNT", "f30fb8c1", "f3480fb8c1"],
  [1, ECX, 25, "AES", "660f38dcc1", "660f3adfc100"],
  [1, ECX, 26, "XSAVE", "0fae27", "0fae2f", "0f01d0", "0f01d1"],
  [1, ECX, 28, "AVX", "c5f058c2", "c4e27118c2"],
  [1, ECX, 30, "RDRAND", "0fc7f0"],
  [7, EBX, 0, "FSGSBASE", "f30faec0", "f30faec8", "f30faed0", "f3480faed8"],
  [7, EBX, 3, "BMI1", "c4e270f2c2", "c4e270f7c2"],
  [7, EBX, 8, "BMI2", "c4e27bf6c1", "c4e27bf0c101"],
  [7, EBX, 10, "INVPCID", "660f388207"],
  [7, EBX, 11, "RTM", "c7f800000000", "0f01d5", "c6f800"],
  [7, EBX, 18, "RDSEED", "0fc7f8"],
  [7, EBX, 19, "ADX", "660f38f6c1", "f30f38f6c1"],
  [7, EBX, 20, "SMAP", "0f01ca", "0f01cb"],
  [7, EBX, 23, "CLFLUSHOPT", "660fae3f"],
  [7, EBX, 24, "CLWB", "660fae37"],
  [7, EBX, 29, "SHA", "0f38c9c1", "0f3accc100"],
  [7, ECX, 3, "PKU", "0f01ee", "0f01ef"],
  [7, ECX, 5, "WAITPKG", "f30faef0", "f20faef0"],
  [7, ECX, 8, "GFNI", "660f38cfc1"],
  [7, ECX, 22, "RDPID", "f30fc7f8"],
  [7, ECX, 27, "MOVDIRI", "0f38f907"],
  [7, ECX, 28, "MOVDIR64B", "660f38f807"],
  [7, EDX, 14, "SERIALIZE", "0f01e8"],
  [0x8000_0001, ECX, 0, "LAHF64", "9f", "9e"],
  [0x8000_0001, ECX, 2, "SVM", "0f01d8", "0f01dd"],
  [0x8000_0001, ECX, 6, "SSE4A", "660f79c1", "f20f79c1", "f30f2b07"],
  [0x8000_0001, ECX, 29, "MONITORX", "0f01fa", "0f01fb"],
  [0x8000_0001, EDX, 11, "SYSCALL", "0f05", "0f07"],
  [0x8000_0001, EDX, 27, "RDTSCP", "0f01f9"],
  [0x8000_0001, EDX, 31, "3DNow", "0f0fc19e", "0f0e"],
];
/** Bits that may be set though no instruction belongs to them; other tests tell that what they name works. */
const structural: Readonly<Record<string, string>> = {
  "1.3.2": "DE: tests/engine/system/fixtures/debug.S",
  "1.3.3": "PSE: paging.test.ts",
  "1.3.6": "PAE: paging.test.ts",
  "1.3.12": "MTRR: control.test.ts",
  "1.3.13": "PGE: lookaside.test.ts",
  "1.3.16": "PAT: control.test.ts",
  "1.3.17": "PSE-36: paging.test.ts",
  "1.2.31": "hypervisor present",
  "7.1.7": "SMEP: privilege.S",
  "7.2.2": "UMIP: control.test.ts",
  "7.2.16": "LA57: debug.S",
  "80000001.3.20": "NX: privilege.S",
  "80000001.3.26": "1 GiB pages: debug.S",
  "80000001.3.29": "64-bit mode",
};

const decodes = (bytes: string): boolean =>
  decode(Uint8Array.from(Buffer.from(bytes, "hex")), 0, { long: true, code32: false }).kind === "instruction";

describe("CPUID", () => {
  const cases = features.map(([number, register, bit, name, ...encodings]) => ({
    number,
    register,
    bit,
    name,
    encodings,
  }));
  it.each(cases)("$name", ({ number, register, bit, encodings }) => {
    const announced = ((leaf(number)[register] >>> bit) & 1) === 1;
    // A later extension may share an encoding's map, so none, not some, may decode without the bit.
    expect(encodings.map((bytes) => [bytes, decodes(bytes)])).toEqual(encodings.map((bytes) => [bytes, announced]));
  });

  it("announces nothing besides these", () => {
    const known = new Set(Object.keys(structural));
    for (const [number, register, bit] of features) known.add(`${number.toString(16)}.${register}.${bit}`);
    const unknown: string[] = [];
    for (const number of [1, 7, 0x8000_0001]) {
      for (const register of number === 1 ? [ECX, EDX] : [EBX, ECX, EDX]) {
        for (let bit = 0; bit < 32; bit++) {
          const place = `${number.toString(16)}.${register}.${bit}`;
          if ((leaf(number)[register] >>> bit) & 1 && !known.has(place)) unknown.push(place);
        }
      }
    }
    expect(unknown).toEqual([]);
    expect(leaf(7)[EAX]).toBe(0);
  });
});
