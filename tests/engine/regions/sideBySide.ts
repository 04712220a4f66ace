/**
 * The two tiers beside each other: two machines with the same disk and the same input are run to the same ticks, and compared at each of
 * them: the CPU's state every time, the whole machine now and then.
 */
import { disassemble } from "../../../src/engine/decode/disassemble";
import type { X86Cpu } from "../../../src/engine/cpu";
import type { RegionOptions } from "../../../src/engine/regions/options";
import { RAM } from "../../../src/engine/areas";
import { CpuState, layout, MODE } from "../../../src/engine/state";
import { Pc } from "../../../src/pc/pc";

export interface Comparison {
  readonly disk: Uint8Array;
  readonly memoryMiB: number;
  readonly regions: true | Partial<RegionOptions>;
  readonly ticks: number;
  /** Ticks between two comparisons of the CPUs. */
  readonly step: number;
  /** Comparisons of CPUs between two of whole machines. */
  readonly whole: number;
  /** Typed on the serial line once the machine has printed the text. */
  readonly typed?: { readonly after: string; readonly keys: string };
}

/** The flags are split in the state, in ways that differ; they are compared as RFLAGS. */
const split = new Set(["cf", "of", "af", "zeroSource", "signSource"]);
const words = Object.entries(layout).flatMap(([name, { offset, bytes, count, architectural }]) =>
  architectural && !split.has(name) ? Array.from({ length: (count * bytes) / 4 }, (_, n) => (offset >>> 2) + n) : [],
);

class Side {
  readonly pc: Pc;
  readonly cpu: X86Cpu;
  readonly state: CpuState;
  private printed = "";
  private waiting: Comparison["typed"];

  constructor({ disk, memoryMiB, typed }: Comparison, regions: Comparison["regions"] | false) {
    const serial = (byte: number) => {
      if (this.waiting) this.printed += String.fromCharCode(byte);
    };
    this.waiting = typed;
    this.pc = new Pc({ disk, memoryMiB, regions, outputs: { serial } });
    this.cpu = this.pc.cpu as X86Cpu;
    this.state = new CpuState(this.cpu.memory);
  }

  runTo(tick: number): void {
    if (!this.pc.stopped) this.pc.run(tick);
    if (!this.waiting || !this.printed.includes(this.waiting.after)) return;
    const bytes = Array.from(this.waiting.keys, (key) => key.charCodeAt(0));
    this.waiting = undefined;
    this.pc.input({ kind: "serial", bytes });
  }

  describe(): string {
    const { cpu } = this;
    const rip = this.state.get64("rip");
    const mode = this.state.get32("mode");
    const bits = mode & MODE.long ? 64 : mode & MODE.code32 ? 32 : 16;
    const base = bits === 64 ? 0n : this.state.get64("segmentBase", 1);
    const physical = cpu.translate(rip + base, "execute", false);
    const bytes = physical === undefined ? [] : new Uint8Array(cpu.memory.buffer, RAM + physical, 15);
    const text = bytes.length ? disassemble(Uint8Array.from(bytes), rip, bits).text : "not mapped";
    const registers = Array.from({ length: 16 }, (_, n) => this.state.get64("registers", n).toString(16));
    return `${rip.toString(16)} ${text}  flags ${cpu.system.rflags().toString(16)}  ${registers.join(" ")}`;
  }
}

const sameCpu = (a: Side, b: Side): boolean =>
  a.pc.clock === b.pc.clock &&
  a.cpu.system.rflags() === b.cpu.system.rflags() &&
  words.every((word) => a.state.u32[word] === b.state.u32[word]);

/** Where the tiers part, in words; undefined when they do not. */
export function firstDifference(comparison: Comparison): string | undefined {
  const [interpreted, compiled] = [new Side(comparison, false), new Side(comparison, comparison.regions)];
  const { ticks, step, whole } = comparison;
  let before = "";
  for (let n = 1; n * step <= ticks; n++) {
    for (const side of [interpreted, compiled]) side.runTo(n * step);
    const same = sameCpu(interpreted, compiled) && (n % whole !== 0 || interpreted.pc.hash() === compiled.pc.hash());
    if (!same) {
      return `between ticks ${(n - 1) * step} and ${n * step}, after\n  ${before}\ninterpreter\n  ${interpreted.describe()}\nregions\n  ${compiled.describe()}`;
    }
    if (interpreted.pc.stopped && compiled.pc.stopped) break;
    before = interpreted.describe();
  }
  return interpreted.pc.hash() === compiled.pc.hash() ? undefined : "memory or devices differ at the end";
}
