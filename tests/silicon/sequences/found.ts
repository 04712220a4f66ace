/** What random programs found in the engine, made small by hand: recorded as the others are (`--part found`). */
import type { Bits } from "../cases";
import { AC, type Sequence, USUAL_PLACE } from "./cases";
import { DATA_32, selectorOf, usualSegments } from "./segments";

const bytes = (text: string) => Uint8Array.from(Buffer.from(text.replace(/\s/g, ""), "hex"));

function sequence(bits: Bits, code: string, more: Partial<Sequence> = {}): Sequence {
  const segments = usualSegments(bits);
  return { bits, place: USUAL_PLACE, code: bytes(code), seed: 1, flags: 0, registers: new Map(), segments, ...more };
}
const flat16 = [selectorOf("data16"), selectorOf("code16"), selectorOf("data16"), selectorOf("data16"), 0, DATA_32];
const OVERFLOW = 0x800;

export const found: readonly Sequence[] = [
  // INTO with OF set, and without: its helper stands under a condition
  sequence(32, "ce", { flags: OVERFLOW }),
  sequence(32, "ce"),
  sequence(16, "ce", { flags: OVERFLOW }),
  // fninit; fld1; fnsave of 14 bytes; an exception that is not masked; fld1; frstor: the opcode is gone
  sequence(64, "dbe3 d9e8 66dd342500020020 66c70425000200200000 66c70425020200200100 d9e8 66dd242500020020"),
  // a store opens the page, AC is set; fld1; fstp dword at an odd address
  sequence(64, "89042500020020 9c 810c2400000400 9d dbe3 d9e8 d91c2501020020"),
  sequence(64, "89042500020020 9c 810c2400000400 9d dbe3 d9e8 dd1c2504020020"),
  // fninit; fld1; fstp dword to a page that is only read, at an odd address, with AC
  sequence(64, "dbe3 d9e8 d91c2501200020", { flags: AC }),
  sequence(64, "dbe3 d9e8 db3c2501200020", { flags: AC }),
  // clflush gs:[0]: there is no page
  sequence(16, "650fae3e0000", { segments: flat16 }),
  sequence(64, "0fae3c2500000000"),
  // fninit; a control word that masks nothing of an empty stack; fist, fst at an odd address, with AC
  ...["df15", "db15", "d915", "dd15"].map((store) =>
    sequence(32, `dbe3 66c705000200205413 d92d00020020 ${store}01010020`, { flags: AC }),
  ),
  // arpl [a page that is only read], ax: nothing changes, nothing is written; arpl [no page], ax: read first
  sequence(32, "6305e02f0020"),
  sequence(32, "630500300020"),
  // the last two bytes of a long operand are not canonical, or beyond the limit of a 16-bit segment, with AC: the first eight come first
  sequence(64, "dbe3 48b8f8ffffffff7f0000 db28", { flags: AC }),
  sequence(64, "dbe3 48b8f9ffffffff7f0000 db28", { flags: AC }),
  sequence(16, "dbe3 66b8f9ff0000 67db28", { flags: AC }),
  // mov sp, fffc; pop dword [beyond the limit]: the page of the stack is not there, which comes first
  sequence(16, "bcfcff 66678f8500000100"),
];
