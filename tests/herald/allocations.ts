/**
 * Where the kernel asks for memory, and what happens when it gets none there.
 *
 * A site is a CALL or JMP to heap_allocate or frame_allocate, found in the kernel's machine code: so none can be forgotten. The machine
 * stops at one of them, the count at which the next allocation of the process on the CPU fails (process.fail_allocation, which the
 * test operations set too) is written into guest memory, and the run goes on.
 */
import { assemble } from "../../src/herald/assembler";
import { writeFile } from "../../src/herald/disk";
import { structs } from "../../src/herald/layout";
import { programImage } from "../../src/herald/program";
import type { HeraldMap } from "../../src/lens/map";
import { GuestMemory } from "../../src/lens/memory";
import type { Pc } from "../../src/pc/pc";
import { checkScenario } from "./checks";
import { committedMap, holdings } from "./fuzzing";
import { Inspector, runBetweenSteps } from "./invariants";
import { committedImage, HeraldMachine, PROMPT } from "./machine";

const ALLOCATORS = ["heap_allocate", "frame_allocate"];
const LIMIT_TICKS = 800_000_000;
const WORK = "run test one_of_everything";

const talker = `variable answer
publish 20500, 7
subscribe 20501, called
exit 0
called:
return
`;

export interface Site {
  /** function+offset */
  readonly name: string;
  readonly address: bigint;
}

/** Length of the opcode of a near CALL, JMP or conditional jump with a 32-bit displacement at a place in code; 0: it is none. */
function opcodeLength(code: Uint8Array, at: number): number {
  if (code[at] === 0xe8 || code[at] === 0xe9) return 1;
  return code[at] === 0x0f && (code[at + 1] & 0xf0) === 0x80 ? 2 : 0;
}

export function allocationSites(pc: Pc, map: HeraldMap): readonly Site[] {
  const address = (name: string) => map.symbols.get(name)!.address;
  const targets = new Set(ALLOCATORS.map(address));
  const functions = [...map.symbols].filter(([, { size }]) => size > 0);
  const physical = (at: bigint) => Number(at - map.kernelVirtualBase);
  const view = new DataView(pc.cpu.ram.buffer, pc.cpu.ram.byteOffset, pc.cpu.ram.length);
  const sites: Site[] = [];
  for (let at = address("kernel_text"); at < address("kernel_rodata"); at++) {
    const opcode = opcodeLength(pc.cpu.ram, physical(at));
    if (opcode === 0) continue;
    const target = at + BigInt(opcode + 4 + view.getInt32(physical(at) + opcode, true));
    if (!targets.has(target)) continue;
    const [name, place] = functions.find(([, { address, size }]) => at >= address && at < address + BigInt(size))!;
    sites.push({ name: `${name}+${at - place.address}`, address: at });
  }
  return sites;
}

export interface Outcome {
  /** Sites at which an allocation failed. */
  readonly failed: readonly string[];
  readonly problems: readonly string[];
}

function imageWithTalker(): Uint8Array {
  const image = committedImage.slice();
  const program = assemble(talker);
  if (!program.ok) throw new Error(program.errors[0].message);
  writeFile(image, "talker.prg", "program", programImage(program.data, program.length));
  writeFile(image, "scenario.cfg", "text", new TextEncoder().encode(checkScenario));
  return image;
}

export class AllocationTest {
  readonly sites: readonly Site[];
  private machine: HeraldMachine;
  private readonly before: string;

  constructor() {
    this.machine = new HeraldMachine(imageWithTalker()).boot();
    this.sites = allocationSites(this.machine.pc, committedMap);
    this.machine.command(WORK);
    this.before = holdings(this.machine);
  }

  /** The process on the CPU gets nothing the next time it asks. */
  private failNext(): void {
    const { pc } = this.machine;
    const memory = new GuestMemory(pc.cpu.ram, committedMap, { cr3: pc.snapshot().cr3, levels: 4 });
    const process = memory.structure(structs.process, memory.u64(memory.symbol("current")!)!)!;
    const view = new DataView(pc.cpu.ram.buffer, pc.cpu.ram.byteOffset);
    const at = memory.physical(process.addressOf("fail_allocation"))!;
    view.setBigUint64(at, process.big("allocations") + 1n, true);
  }

  /**
   * Does everything once while allocations fail: the one at `site` when it is reached for the n-th time, and the first at each of
   * `others`. In a fresh machine nothing was ever allocated before.
   */
  fail(site: Site, n: number, others: readonly Site[] = [], fresh = false): Outcome {
    if (fresh) this.machine = new HeraldMachine(imageWithTalker()).boot();
    const { pc } = this.machine;
    const from = this.machine.transcript.length;
    const limit = pc.clock + LIMIT_TICKS;
    const open = new Map([site, ...others].map((one) => [one.address, { name: one.name, left: one === site ? n : 1 }]));
    const failed: string[] = [];
    pc.cpu.setBreakpoints([...open.keys()]);
    pc.input({ kind: "serial", bytes: [...`${WORK}\n`].map((c) => c.charCodeAt(0)) });
    const over = () => this.machine.transcript.endsWith(PROMPT) && this.machine.transcript.length > from + WORK.length;
    while (!over() && pc.clock < limit) {
      const stop = pc.run(pc.clock + 100_000);
      if (stop.kind === "ticks") continue;
      const here = open.get(pc.snapshot().rip);
      if (stop.kind !== "breakpoint" || !here) break;
      if (--here.left > 0) continue;
      this.failNext();
      failed.push(here.name);
      open.delete(pc.snapshot().rip);
      pc.cpu.setBreakpoints([...open.keys()]);
    }
    pc.cpu.setBreakpoints([]);
    const said = this.machine.transcript.slice(from);
    const problems = over() ? [...this.looks(), ...this.leaks(said, fresh)] : [`it does not go on: ${said}`];
    return { failed, problems: problems.map((problem) => `${site.name}, time ${n}: ${problem}`) };
  }

  private looks(): readonly string[] {
    if (!runBetweenSteps(this.machine.pc)) return ["the kernel does not come to rest"];
    return new Inspector(this.machine.pc, committedMap).inspect();
  }

  /** In a fresh machine the work is done once more, so that all that is kept for the next time is there. */
  private leaks(said: string, fresh: boolean): string[] {
    if (fresh) this.machine.command(WORK);
    const after = holdings(this.machine.settle());
    const leak = /it leaves .* behind/.exec(said)?.[0];
    return [
      ...(leak && !fresh ? [leak] : []),
      ...(after === this.before ? [] : [`before ${this.before}, after ${after}`]),
    ];
  }
}
