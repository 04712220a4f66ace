/** The heap's checks: what a kernel's mistake would do to a block is done from outside, and the kernel must notice, by name. */
import { describe, expect, it } from "vitest";
import { constants, enums, structs } from "../../src/herald/layout";
import { GuestMemory } from "../../src/lens/memory";
import { committedMap, machineForTests } from "./fuzzing";
import type { HeraldMachine } from "./machine";

const NEW = "sub 4711";

function memoryOf({ pc }: HeraldMachine): { memory: GuestMemory; bytes: Uint8Array } {
  const memory = new GuestMemory(pc.cpu.ram, committedMap, { cr3: pc.snapshot().cr3, levels: 4 });
  return { memory, bytes: pc.cpu.ram };
}

/** Addresses of the blocks in use. */
function usedBlocks(machine: HeraldMachine): Set<bigint> {
  const { memory } = memoryOf(machine);
  const end = memory.global("heap", structs.heap)!.big("end");
  const used = new Set<bigint>();
  for (let at = BigInt(constants.HEAP_BASE); at < end;) {
    const block = memory.structure(structs.heap_block, at)!;
    if (block.number("state") === enums.heap_state.byName.used) used.add(at);
    at += BigInt(32 << block.number("size_class"));
  }
  return used;
}

/** A machine whose shell has subscribed to one topic more, and the largest block that needed: the subscription. */
function withSubscription(): { machine: HeraldMachine; block: bigint; size: number } {
  const machine = machineForTests();
  machine.command("topics");
  const before = usedBlocks(machine);
  machine.command(NEW);
  const { memory } = memoryOf(machine);
  const sizeOf = (at: bigint) => memory.structure(structs.heap_block, at)!.number("size");
  const added = [...usedBlocks(machine)].filter((at) => !before.has(at)).sort((a, b) => sizeOf(b) - sizeOf(a));
  return { machine, block: added[0], size: sizeOf(added[0]) };
}

const panicOf = (machine: HeraldMachine, line: string) => machine.command(line).join("\n");

describe("the kernel's heap", () => {
  it("notices that a block is freed twice", () => {
    const { machine, block } = withSubscription();
    const { memory, bytes } = memoryOf(machine);
    bytes[memory.physical(block)! + structs.heap_block.fields.state.offset] = enums.heap_state.byName.free;
    expect(panicOf(machine, "unsub 4711")).toMatch(/panic.*heap_free: [0-9a-f]+ is not a block in use/i);
  });

  it("notices a byte written behind a block when it is freed", () => {
    const { machine, block, size } = withSubscription();
    const { memory, bytes } = memoryOf(machine);
    bytes[memory.physical(block + BigInt(structs.heap_block.size + size))!] ^= 1;
    expect(panicOf(machine, "unsub 4711")).toMatch(/panic.*heap_free: process \d+ wrote behind the \d+ bytes at/i);
  });

  it("notices it in a block that is in use, when a test asks for a check", () => {
    const { machine, block, size } = withSubscription();
    const { memory, bytes } = memoryOf(machine);
    bytes[memory.physical(block + BigInt(structs.heap_block.size + size + 7))!] ^= 0x80;
    expect(panicOf(machine, "run test out_of_memory_in_publish")).toMatch(
      /panic.*heap_check: process \d+ wrote behind/i,
    );
  });

  it("goes on when nothing was done to it", () => {
    const { machine } = withSubscription();
    expect(machine.command("unsub 4711")).toEqual([]);
    expect(machine.command("run test out_of_memory_in_publish")).toEqual(["ok out_of_memory_in_publish"]);
  });
});
