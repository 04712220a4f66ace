/**
 * Looks at Herald from outside, one instruction at a time: how many instructions each function took, in the kernel and in each program, and
 * how long interrupts were off. The guest does not notice: it is stopped between two instructions and its memory is only read.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { structs } from "../../../src/herald/layout";
import { parseMap } from "../../../src/lens/map";
import { Symbols } from "../../../src/lens/symbols";
import type { Pc } from "../../../src/pc/pc";

const RFLAGS_IF = 0x200n;
const USER_CPL = 3;

export const map = parseMap(
  JSON.parse(readFileSync(resolve(import.meta.dirname, "../../../public/herald.map.json"), "utf8")),
);

export function programSymbol(program: string, name: string): bigint {
  const place = map.programs.get(program)?.get(name);
  if (!place) throw new Error(`${program} has no symbol ${name}`);
  return place.address;
}

export interface Step {
  /** "kernel", or the name of the program that runs. */
  readonly place: string;
  /** The function, without the offset in it. */
  readonly name: string;
  readonly rip: bigint;
  readonly ticks: number;
  /** Interrupts were off when it began. */
  readonly interruptsOff: boolean;
}

/** Names for addresses, remembered: a profile asks for the same few thousand again and again. */
class Names {
  private readonly tables = new Map<string, Symbols>();
  private readonly known = new Map<string, Map<bigint, string>>();

  of(place: string, rip: bigint): string {
    let names = this.known.get(place);
    if (!names) this.known.set(place, (names = new Map()));
    let name = names.get(rip);
    if (name === undefined) names.set(rip, (name = this.find(place, rip)));
    return name;
  }

  private find(place: string, rip: bigint): string {
    let table = this.tables.get(place);
    if (!table) {
      table = new Symbols(place === "kernel" ? map.symbols : map.programs.get(place));
      this.tables.set(place, table);
    }
    return table.nearest(rip)?.replace(/\+0x.*/, "") ?? "?";
  }
}

/** Physical address of a global of the kernel. */
const physical = (global: string): number => Number(map.symbols.get(global)!.address - map.kernelVirtualBase);

export class Stepper {
  private readonly names = new Names();
  private readonly view: DataView;
  private readonly currentPid = physical("current_pid");
  private readonly processTable = physical("process_table");
  /** Names of processes by PID and generation, which tell two processes apart. */
  private readonly processes = new Map<number, string>();

  constructor(private readonly pc: Pc) {
    const { ram } = pc.cpu;
    this.view = new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
  }

  /** The kernel function at this address. */
  kernelName(rip: bigint): string {
    return this.names.of("kernel", rip);
  }

  /** Name of the process on the CPU. */
  process(): string {
    const pid = this.view.getUint32(this.currentPid, true);
    const { size, fields } = structs.process;
    const at = this.processTable + pid * size;
    const key = pid * 2 ** 32 + this.view.getUint32(at + fields.generation.offset, true);
    let name = this.processes.get(key);
    if (name === undefined) this.processes.set(key, (name = this.text(at + fields.name.offset, fields.name.count)));
    return name;
  }

  private text(at: number, most: number): string {
    let text = "";
    for (let i = 0; i < most; i++) {
      const code = this.view.getUint8(at + i);
      if (code === 0) break;
      text += String.fromCharCode(code);
    }
    return text;
  }

  /** Executes instructions until the one at `end` is next; false when `most` ticks were not enough. */
  run(end: bigint, most: number, look: (step: Step) => void): boolean {
    const { pc } = this;
    const limit = pc.clock + most;
    while (pc.clock < limit) {
      const { rip, cpl, rflags } = pc.cpu.snapshot();
      if (rip === end) return true;
      const before = pc.clock;
      const place = cpl === USER_CPL ? this.process() : "kernel";
      pc.run(before + 1);
      const interruptsOff = (rflags & RFLAGS_IF) === 0n;
      look({ place, name: this.names.of(place, rip), rip, ticks: pc.clock - before, interruptsOff });
    }
    return false;
  }
}
