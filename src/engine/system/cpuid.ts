/**
 * CPUID (SDM 2A). Feature bits say what the engine runs: those that stand for instructions are derived from the definitions, so
 * that a bit cannot be announced before its instructions exist.
 */
import { instructions } from "../../isa";
import { RAX, RCX, RDX } from "../../isa/expression";
import { at, PHYSICAL_BITS, type Core } from "./core";

const RBX = 3;
const VENDOR = "VitrineX8664";
const BRAND = "Vitrine x86-64 under glass";
const MAX_BASIC = 7,
  MAX_EXTENDED = 0x8000_0008;
/** Family 6, model 15, stepping 1: the first 64-bit generation of the usual PC processor. EDX after reset. */
export const SIGNATURE = 0x0000_06f1;

type Leaf = readonly [eax: number, ebx: number, ecx: number, edx: number];

/** Four characters as CPUID packs them. */
const packed = (text: string, i: number): number =>
  [0, 1, 2, 3].reduce((word, n) => word | ((text.charCodeAt(i + n) || 0) << (8 * n)), 0);

let definitions: Set<string> | undefined;
/** Bit `n` if every one of these instructions is defined. */
function bit(n: number, ...names: string[]): number {
  definitions ??= new Set(instructions.map(({ name }) => name));
  return names.every((name) => definitions!.has(name)) ? 1 << n : 0;
}

/** Leaf 1, EDX. There is no MCA. */
const features = (): number =>
  bit(0, "fadd", "fsin", "fnsave") |
  (1 << 2) | // DE
  (1 << 3) | // PSE
  (1 << 4) | // TSC
  (1 << 5) | // MSR
  (1 << 6) | // PAE
  bit(8, "cmpxchg8b") |
  bit(11, "sysenter", "sysexit") |
  (1 << 12) | // MTRR
  (1 << 13) | // PGE
  bit(15, "cmov") |
  (1 << 16) | // PAT
  (1 << 17) | // PSE-36
  bit(19, "clflush") |
  bit(23, "emms", "paddb", "pmaddwd") |
  bit(24, "fxsave", "fxrstor") |
  bit(25, "addps", "movaps", "ldmxcsr", "pavgb") |
  bit(26, "addpd", "paddq", "movdqa", "maskmovdqu");

const moreFeatures = (): number =>
  bit(0, "addsubps", "haddpd", "lddqu", "movddup", "fisttp") | // SSE3
  bit(9, "pshufb", "pabsb", "palignr", "phaddw") | // SSSE3
  bit(13, "cmpxchg16b") |
  bit(19, "ptest", "pblendvb", "roundps", "dpps", "mpsadbw", "pextrb", "movntdqa") | // SSE4.1
  bit(20, "pcmpestri", "pcmpistrm", "pcmpgtq", "crc32") | // SSE4.2
  bit(22, "movbe") |
  bit(23, "popcnt") |
  (1 << 31); // a hypervisor's guest

/** Leaf 7: SMEP always; SMAP with the instructions that lift it; UMIP, LA57. */
const structured = (levels5: boolean): Leaf => [
  0,
  bit(0, "rdfsbase", "rdgsbase", "wrfsbase", "wrgsbase") |
    bit(3, "andn", "bextr", "blsi", "blsr", "tzcnt") |
    (1 << 7) |
    bit(8, "rorx", "mulx", "shlx") |
    bit(20, "stac", "clac"),
  (1 << 2) | (levels5 ? 1 << 16 : 0),
  0,
];

/** Leaf 80000001: SYSCALL (announced in every mode, as AMD's and QEMU's do), NX, 1 GiB pages, RDTSCP, LM; LAHF in 64-bit mode. */
function extended(): Leaf {
  const edx = bit(11, "syscall", "sysret") | (1 << 20) | (1 << 26) | bit(27, "rdtscp") | (1 << 29);
  return [SIGNATURE, 0, bit(0, "lahf", "sahf") | bit(5, "lzcnt"), edx];
}

/** Beyond the last one, basic or extended, it is the last basic one (SDM 2A CPUID); what software makes of 40000000h and up is its own. */
const known = (number: number): number =>
  (number > MAX_BASIC && number < 0x4000_0000) || number > MAX_EXTENDED ? MAX_BASIC : number;

/** The deterministic description of one leaf; unknown ones in between are zero. */
export function leaf(number: number, levels5 = true): Leaf {
  switch (number) {
    case 0:
      return [MAX_BASIC, packed(VENDOR, 0), packed(VENDOR, 8), packed(VENDOR, 4)];
    case 1:
      // One logical processor, CLFLUSH line of 8 quadwords.
      return [SIGNATURE, 0x0001_0800, moreFeatures(), features()];
    case 7:
      return structured(levels5);
    case 0x4000_0000:
      return [0x4000_0000, packed(VENDOR, 0), packed(VENDOR, 4), packed(VENDOR, 8)];
    case 0x8000_0000:
      return [MAX_EXTENDED, packed(VENDOR, 0), packed(VENDOR, 8), packed(VENDOR, 4)];
    case 0x8000_0001:
      return extended();
    case 0x8000_0002:
    case 0x8000_0003:
    case 0x8000_0004: {
      const from = (number - 0x8000_0002) * 16;
      return [packed(BRAND, from), packed(BRAND, from + 4), packed(BRAND, from + 8), packed(BRAND, from + 12)];
    }
    case 0x8000_0007:
      // Invariant TSC: it counts instructions, whatever the power state.
      return [0, 0, 0, 1 << 8];
    case 0x8000_0008:
      return [PHYSICAL_BITS | ((levels5 ? 57 : 48) << 8), 0, 0, 0];
    default:
      return [0, 0, 0, 0];
  }
}

/** Takes EAX and ECX; upper halves of the four registers are cleared. Leaf 7 has sub-leaf 0 only. */
export const cpuid = (core: Core) => (): number => {
  const { u32 } = core;
  const number = known(u32[at.registers + 2 * RAX]);
  const subleaf = u32[at.registers + 2 * RCX];
  const values = number === 7 && subleaf !== 0 ? ([0, 0, 0, 0] as const) : leaf(number, core.levels5);
  // The APIC bit follows the APIC's switch (SDM 3, 11.4.3).
  const apic = number === 1 && core.board.apic && u32[at.apicBase] & 0x800 ? 1 << 9 : 0;
  [RAX, RBX, RCX, RDX].forEach((register, i) => {
    u32[at.registers + 2 * register] = values[i] | (register === RDX ? apic : 0);
    u32[at.registers + 2 * register + 1] = 0;
  });
  return 0;
};
