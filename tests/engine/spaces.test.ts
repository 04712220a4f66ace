/** Loads of CR3 in generated code (system/short/space.ts) beside the host's: many address spaces, whose tables change. */
import { expect, test } from "vitest";
import { LOOKASIDE, NO_LOOKASIDE } from "../../src/engine/areas";
import { layout, type FieldName } from "../../src/engine/state";
import { random } from "../silicon/cases";
import { bareMachine, CODE, enterLongMode, type Machine, STACK } from "./machine";

const STEPS = Number(process.env.CASES ?? 1500);
const SEED = Number(process.env.SEED ?? 1);

/** Each has three tables of its own; more than are remembered. */
const SPACES = 40;
const TABLES = 0xa0_0000;
const FIRST = 0x8000;
const space = (n: number) => TABLES + n * 0x3000;
/** Large pages of the code that is called, and of data; where they may lie. */
const FUNCTION = 3,
  DATA = 4;
const FRAMES = [0x20_0000, 0x40_0000, 0x60_0000];
const LARGE = 0x20_0000;
const [RAX, RCX, RDX, RBX, RSP, RSI] = [0, 1, 2, 3, 4, 6];

// mov %rdx,%cr3; 1: call *%rbx; add %al,%cl; add %ecx,(%rsi); dec %al; mov %cr3,%rax; hlt
const PROGRAM = [
  ...[0x0f, 0x22, 0xda, 0xff, 0xd3, 0x00, 0xc1, 0x01, 0x0e, 0xff, 0xd3, 0x00, 0xc1],
  ...[0x0f, 0x22, 0xda, 0x01, 0x0e, 0xff, 0xd3, 0x0f, 0x20, 0xd8, 0xf4],
];

function machine(quick: boolean): Machine {
  const m = bareMachine(16, false, { quick });
  m.cpu.ram.set(PROGRAM, CODE);
  enterLongMode(m.cpu, m.state);
  // mov $n,%al; ret
  FRAMES.forEach((frame, n) => m.cpu.ram.set([0xb0, n + 1, 0xc3], frame));
  const tables = new DataView(m.cpu.ram.buffer, m.cpu.ram.byteOffset);
  for (let n = 0; n < SPACES; n++) {
    m.cpu.ram.copyWithin(space(n), FIRST, FIRST + 0x3000);
    tables.setUint32(space(n), (space(n) + 0x1000) | 7, true);
    tables.setUint32(space(n) + 0x1000, (space(n) + 0x2000) | 7, true);
  }
  return m;
}

/** Another frame in some space, perhaps a global one; or the accessed and dirty bits gone. */
function change(m: Machine, next: () => number): void {
  const tables = new DataView(m.cpu.ram.buffer, m.cpu.ram.byteOffset);
  const [n, page, frame] = [next() % SPACES, next() % 2 ? FUNCTION : DATA, FRAMES[next() % FRAMES.length]];
  const at = space(n) + 0x2000 + page * 8;
  if (next() % 3 === 0) tables.setUint32(at, tables.getUint32(at, true) & ~0x60, true);
  else tables.setUint32(at, frame | 0x87 | (next() % 4 ? 0 : 0x100), true);
  if (next() % 5 === 0) tables.setUint32(space(n) + 0x1000, (space(n) + 0x2000) | 7, true);
  m.cpu.memoryChanged(space(n), 0x3000);
}

/** Enters a space, one of a few mostly, and runs the program in it. */
function run(m: Machine, next: () => number): unknown {
  const { cpu, state } = m;
  const n = next() % 4 ? next() % 3 : next() % SPACES;
  state.set64("cr4", next() % 10 ? state.get64("cr4") : next() % 2 ? 0xa0n : 0x20n);
  state.set64("registers", 0n, RAX);
  state.set64("registers", 0n, RCX);
  state.set64("registers", BigInt(space(n) | (next() % 2 ? 0x18 : 0)), RDX);
  state.set64("registers", BigInt(FUNCTION * LARGE), RBX);
  state.set64("registers", BigInt(STACK), RSP);
  state.set64("registers", BigInt(DATA * LARGE + 0x1000 + (next() % 4) * 0x1000), RSI);
  state.set64("rip", BigInt(CODE));
  state.set32("halted", 0);
  return cpu.run(cpu.clock + 100).kind;
}

/** What is known of the lookaside. */
const cached = new Set(["journalled", "lookasideMarks", "largeRegions"]);

function outcome(m: Machine): string {
  const fields = Object.entries(layout).filter(([name, field]) => field.architectural || cached.has(name));
  const values = fields.map(([name, { count }]) =>
    Array.from({ length: count }, (_, n) => m.state.get(name as FieldName, n).toString(16)).join(),
  );
  return [m.cpu.clock, ...values].join();
}

test("short and long loads of CR3 come to the same", () => {
  const machines = [machine(true), machine(false)];
  const parts = machines.map((m) => [
    m.cpu.ram,
    new Uint8Array(m.cpu.memory.buffer, LOOKASIDE.at, NO_LOOKASIDE.at - LOOKASIDE.at),
  ]);
  for (let seed = SEED; seed < SEED + STEPS; seed++) {
    const results = machines.map((m) => {
      const next = random(seed);
      if (next() % 2) change(m, next);
      return { kind: run(m, next), state: outcome(m) };
    });
    expect({ seed, ...results[0] }).toEqual({ seed, ...results[1], kind: "halted" });
    const tables = parts.map(([ram]) => ram.subarray(TABLES, space(SPACES)));
    expect({ seed, tables: Buffer.compare(tables[0], tables[1]) }).toEqual({ seed, tables: 0 });
    expect({ seed, lookaside: Buffer.compare(parts[0][1], parts[1][1]) }).toEqual({ seed, lookaside: 0 });
  }
  expect(Buffer.compare(parts[0][0], parts[1][0])).toBe(0);
});
