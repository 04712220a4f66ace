/** Code for golden.test.ts. RBX, RSI and RDI point at data, RCX is 3. A HLT follows. */
interface Snippet {
  readonly name: string;
  readonly code: string;
  readonly bits?: 32;
}

export const snippets: readonly Snippet[] = [
  { name: "add registers", code: "48 01 d0" },
  { name: "add 32 bits", code: "01 d0" },
  { name: "add to a byte", code: "00 d4" },
  { name: "copy", code: "48 89 d8" },
  { name: "zero", code: "31 c0" },
  { name: "address", code: "48 8d 44 8b 10" },
  { name: "load", code: "48 8b 03" },
  { name: "load a byte signed", code: "0f be 43 05" },
  { name: "store", code: "89 43 08" },
  { name: "add to memory", code: "48 01 03" },
  { name: "load from gs", code: "65 48 8b 03" },
  { name: "load by rip", code: "8b 05 00 10 00 00" },
  { name: "push and pop", code: "50 5a" },
  { name: "compare and branch", code: "48 39 d0 7c 02 ff c2" },
  { name: "test and branch", code: "85 c0 74 02 ff c2" },
  { name: "compare memory and branch", code: "83 3b 07 77 02 ff c2" },
  { name: "conditional move", code: "48 39 d0 48 0f 4c c2" },
  { name: "condition to a byte", code: "39 d0 0f 93 c0" },
  { name: "dead flags", code: "48 01 d0 48 29 d0 48 31 d0" },
  { name: "carry", code: "01 d0 11 d2" },
  { name: "shift by a number", code: "48 c1 e0 05" },
  { name: "shift by cl", code: "d3 e0" },
  { name: "rotate", code: "c1 c8 07" },
  { name: "multiply", code: "48 0f af c2" },
  { name: "wide multiply", code: "48 f7 e2" },
  { name: "divide", code: "31 d2 b8 07 00 00 00 f7 f1" },
  { name: "counted loop", code: "01 c8 ff c9 75 fa" },
  { name: "loop over memory", code: "03 03 48 83 c3 04 48 83 e9 01 75 f4" },
  { name: "loop in a loop", code: "ba 02 00 00 00 01 d0 ff ca 75 fa ff c9 75 f1" },
  { name: "loop with two entries", code: "f6 c1 04 74 02 ff c0 ff c9 75 fa" },
  { name: "call and return", code: "e8 02 00 00 00 eb 03 ff c0 c3" },
  { name: "string move", code: "a5" },
  { name: "bit test", code: "0f a3 c8 72 00" },
  { name: "swap bytes", code: "48 0f c8" },
  { name: "exchange and add", code: "48 0f c1 03" },
  { name: "left to the interpreter", code: "01 d0 0f a2" },
  { name: "flat 32-bit load", code: "8b 44 8b 10", bits: 32 },
  { name: "32-bit loop", code: "03 03 83 c3 04 49 75 f8", bits: 32 },
  { name: "32-bit stack", code: "50 5a", bits: 32 },
];
