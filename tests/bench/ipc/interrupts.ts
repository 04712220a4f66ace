/**
 * How long interrupts are off, exactly: the machine stops wherever they can go off (at every CLI of the kernel, at SYSCALL's entry, at the
 * gates of exceptions and interrupts) and then goes on one instruction at a time until they are on again. In between it runs as always, so whole
 * sessions can be watched.
 */
import { disassemble } from "../../../src/engine/decode/disassemble";
import { enums } from "../../../src/herald/layout";
import type { HeraldMachine } from "../../herald/machine";
import type { Stretch } from "./cells";
import { map, Stepper } from "./steps";

const RFLAGS_IF = 0x200n;
const GATES = 256;
const FIRST_INTERRUPT = 32; // the vectors below are exceptions
const GATE_BYTES = 16n;
const LONGEST_INSTRUCTION = 15;
/** Longer than this and something is wrong: the kernel was told to stop. */
const MOST = 1_000_000;

const kernelSymbol = (name: string) => map.symbols.get(name)!.address;

/** Where the CLI instructions of the kernel stand: every function is disassembled from its beginning. */
function findCli(machine: HeraldMachine): bigint[] {
  const { ram } = machine.pc.cpu;
  const text = [kernelSymbol("kernel_text"), kernelSymbol("kernel_rodata")];
  const found: bigint[] = [];
  const starts = [...map.symbols.values()]
    .map(({ address }) => address)
    .filter((address) => address >= text[0] && address < text[1]);
  for (const start of new Set(starts)) {
    const next = starts.reduce((least, other) => (other > start && other < least ? other : least), text[1]);
    for (let at = start; at < next;) {
      const physical = Number(at - map.kernelVirtualBase);
      const { text: shown, length } = disassemble(ram.subarray(physical, physical + LONGEST_INSTRUCTION), at, 64);
      if (shown === "cli") found.push(at);
      at += BigInt(Math.max(length, 1));
    }
  }
  return found;
}

export class OffWatch {
  /** The longest stretch of each system call, and of interrupts and exceptions. */
  readonly longest = new Map<string, Stretch>();
  private readonly stepper: Stepper;
  private readonly entry = kernelSymbol("syscall_entry");
  private readonly gates = kernelSymbol("trap_stubs");
  private readonly places: readonly bigint[];
  private readonly calls = new Map<string, string>();

  constructor(private readonly machine: HeraldMachine) {
    this.stepper = new Stepper(machine.pc);
    const gates = Array.from({ length: GATES }, (_, gate) => this.gates + BigInt(gate) * GATE_BYTES);
    this.places = [this.entry, ...gates, ...findCli(machine)];
  }

  /** Types a command and watches until the next prompt. */
  command(line: string, limitTicks = 400_000_000): void {
    const { pc } = this.machine;
    const from = this.machine.transcript.length;
    pc.cpu.setBreakpoints(this.places);
    pc.run(pc.clock + 1); // where they are set, they do not stop
    pc.input({ kind: "serial", bytes: [...line, "\n"].map((c) => c.charCodeAt(0)) });
    const limit = pc.clock + limitTicks;
    const over = () =>
      this.machine.transcript.slice(from).includes("\n") && this.machine.transcript.endsWith("herald> ");
    while (!over()) {
      if (pc.clock > limit) throw new Error(`${line}: no prompt\n${this.machine.transcript.slice(from)}`);
      if (pc.run(Math.min(pc.clock + 50_000, limit + 1)).kind === "breakpoint") this.follow();
    }
    pc.cpu.setBreakpoints([]);
  }

  /** From an instruction with which interrupts go off, or the first with them off, to the one that lets them in again. */
  private follow(): void {
    const { pc } = this.machine;
    const { rip, registers } = pc.cpu.snapshot();
    const process = this.stepper.process();
    const name = this.stepper.kernelName(rip);
    if (rip === this.entry) {
      const number = Number(registers[0] & 0xffff_ffffn);
      this.calls.set(process, enums.system_call.byValue[number as keyof typeof enums.system_call.byValue] ?? "unknown");
    }
    let length = 0;
    let last = name;
    let next: bigint;
    do {
      const before = pc.clock;
      last = this.stepper.kernelName(pc.cpu.snapshot().rip);
      while (pc.clock === before && !pc.stopped) pc.run(before + 1);
      length += pc.clock - before;
      next = pc.cpu.snapshot().rip;
    } while (!this.isOn(next) && length < MOST && !pc.stopped);
    this.note(
      this.gate(rip) >= 0 ? "interrupts and exceptions" : (this.calls.get(process) ?? "none"),
      length,
      name,
      last,
    );
    if (this.gate(next) >= 0) this.follow();
  }

  /** The vector whose gate begins here, or -1. */
  private gate(rip: bigint): number {
    const vector = Number(rip - this.gates) / Number(GATE_BYTES);
    return Number.isInteger(vector) && vector >= 0 && vector < GATES ? vector : -1;
  }

  /** Interrupts are on; or they were, and one has come at once: it cannot have come otherwise. */
  private isOn(rip: bigint): boolean {
    return (this.machine.pc.cpu.snapshot().rflags & RFLAGS_IF) !== 0n || this.gate(rip) >= FIRST_INTERRUPT;
  }

  private note(key: string, instructions: number, from: string, to: string): void {
    if ((this.longest.get(key)?.instructions ?? 0) < instructions)
      this.longest.set(key, { instructions, where: from === to ? from : `${from} to ${to}` });
  }

  /** The longest of all. */
  get worst(): Stretch {
    return [...this.longest.values()].reduce((a, b) => (b.instructions > a.instructions ? b : a));
  }
}
