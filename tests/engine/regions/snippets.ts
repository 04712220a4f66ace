/** Code for golden.test.ts. RBX, RSI and RDI point at data, RCX is 3. A HLT follows. */
interface Snippet {
  readonly name: string;
  readonly code: string;
  /** What to look at in the golden text. */
  readonly shows: string;
  readonly bits?: 32;
}

export const snippets: readonly Snippet[] = [
  {
    name: "add registers",
    code: "48 01 d0",
    shows:
      "The sum goes to RAX's local. Of the flags only the operands are kept, and the number of the recipe that makes them ($10).",
  },
  {
    name: "add 32 bits",
    code: "01 d0",
    shows: "The result is widened: the upper half of a 64-bit register becomes 0.",
  },
  { name: "add to a byte", code: "00 d4", shows: "AH is bits 8 to 15 of RAX's local; the rest stays." },
  { name: "copy", code: "48 89 d8", shows: "One local to another; no flag changes." },
  {
    name: "zero",
    code: "31 c0",
    shows: "The register with itself is the constant 0; of the flags only the recipe changes.",
  },
  { name: "address", code: "48 8d 44 8b 10", shows: "LEA is an addition; memory is not touched." },
  {
    name: "load",
    code: "48 8b 03",
    shows:
      "The inline lookup: the page of the last byte is compared with the entry's tag; where it differs the interpreter runs the instruction.",
  },
  {
    name: "load a byte signed",
    code: "0f be 43 05",
    shows: "One byte cannot cross a page: the check is shorter; the sign comes with the load.",
  },
  { name: "store", code: "89 43 08", shows: "As a load, in the lookaside's table for writing." },
  { name: "add to memory", code: "48 01 03", shows: "Read and written through one lookup in the table for writing." },
  { name: "load from gs", code: "65 48 8b 03", shows: "The segment's base is added." },
  { name: "load by rip", code: "8b 05 00 10 00 00", shows: "The address is a constant." },
  {
    name: "push and pop",
    code: "50 5a",
    shows: "Two lookups, for writing and for reading; RSP changes only when all that can go wrong has gone well.",
  },
  {
    name: "compare and branch",
    code: "48 39 d0 7c 02 ff c2",
    shows: "Signed less: one comparison of the operands, no flag is made for it.",
  },
  {
    name: "test and branch",
    code: "85 c0 74 02 ff c2",
    shows: "A test of a register with itself is a comparison with 0.",
  },
  {
    name: "compare memory and branch",
    code: "83 3b 07 77 02 ff c2",
    shows: "The operand is loaded once, for the branch and for the flags.",
  },
  { name: "conditional move", code: "48 39 d0 48 0f 4c c2", shows: "A select by the comparison." },
  { name: "condition to a byte", code: "39 d0 0f 93 c0", shows: "The condition is the byte." },
  {
    name: "dead flags",
    code: "48 01 d0 48 29 d0 48 31 d0",
    shows: "Three instructions that set all flags: only the operands of the last are kept.",
  },
  { name: "carry", code: "01 d0 11 d2", shows: "ADC takes CF from ADD's operands." },
  { name: "shift by a number", code: "48 c1 e0 05", shows: "The count is a constant: no test for a count of 0." },
  {
    name: "shift by cl",
    code: "d3 e0",
    shows: "A count of 0 must leave the flags as they were: they are set behind a test for it.",
  },
  { name: "rotate", code: "c1 c8 07", shows: "CF and OF go to their locals, the other flags stay." },
  {
    name: "multiply",
    code: "48 0f af c2",
    shows:
      "The product only: CF and OF, which ask for the upper half, are made from the operands if anybody wants them.",
  },
  { name: "wide multiply", code: "48 f7 e2", shows: "The lower half by a multiplication, the upper one by a helper." },
  {
    name: "divide",
    code: "31 d2 b8 07 00 00 00 f7 f1",
    shows:
      "One comparison finds a divisor of 0 and quotients that do not fit: the interpreter faults. Then 64-bit divisions.",
  },
  {
    name: "counted loop",
    code: "01 c8 ff c9 75 fa",
    shows: "A Wasm loop; ticks for one more round are looked at before it goes back.",
  },
  {
    name: "loop over memory",
    code: "03 03 48 83 c3 04 48 83 e9 01 75 f4",
    shows: "A loop with a lookup in it; registers stay in locals.",
  },
  {
    name: "loop in a loop",
    code: "ba 02 00 00 00 01 d0 ff ca 75 fa ff c9 75 f1",
    shows: "Two Wasm loops, one inside the other.",
  },
  {
    name: "loop with two entries",
    code: "f6 c1 04 74 02 ff c0 ff c9 75 fa",
    shows: "The jump into the loop's middle stays inside the function.",
  },
  {
    name: "call and return",
    code: "e8 02 00 00 00 eb 03 ff c0 c3",
    shows:
      "CALL stores the return address; RET loads what stands there, compares it with that address and goes on inside the function.",
  },
  {
    name: "string move",
    code: "a5",
    shows: "One iteration of MOVS; the direction flag decides by how much RSI and RDI move.",
  },
  {
    name: "bit test",
    code: "0f a3 c8 72 00",
    shows: "The branch asks for the bit itself; CF is stored on both ways out.",
  },
  {
    name: "swap bytes",
    code: "48 0f c8",
    shows: "Masks and rotations, for each half: Wasm has no instruction for it.",
  },
  {
    name: "exchange and add",
    code: "48 0f c1 03",
    shows: "Old value to the register, sum to memory, through one lookup.",
  },
  {
    name: "left to the interpreter",
    code: "01 d0 0f a2",
    shows:
      "CPUID is an aside: the interpreter's handler runs it, registers that it may change go to the state and come back.",
  },
  {
    name: "flat 32-bit load",
    code: "8b 44 8b 10",
    bits: 32,
    shows:
      "Segments are flat and paging is off: the address is compared with the end of memory, which is a constant; no lookup.",
  },
  { name: "32-bit loop", code: "03 03 83 c3 04 49 75 f8", bits: 32, shows: "The same in a loop." },
  {
    name: "32-bit stack",
    code: "50 5a",
    bits: 32,
    shows: "PUSH and POP in open memory; writes must stay above the pages that hold code.",
  },
];
