/**
 * What a run of random programs reached: forms in each mode, handlers, ways out of generated code, exceptions of each form, and the parts
 * of the engine's own code. What was seldom reached is what the grammar is asked for next. For each program: outcomes of its forms, which are
 * exceptions, ways out, the slow ways of its accesses, and where its branches went.
 */
import { type Form, forms } from "../../../src/engine/decode/forms";
import { decode, type Decoded } from "../../../src/engine/decode/decode";
import { EXIT } from "../../../src/engine/record";
import { type CpuState, MODE } from "../../../src/engine/state";
import { type Bits, BITS, CODE } from "../cases";
import { BREAKPOINT, type Outcome, type Sequence } from "./cases";
import { type SequenceBench, sequenceBenches } from "./engine";
import { isEstimated } from "./programs/forms";

/** A form is rare in a mode while it was decoded less often than this. */
const RARE = 8;
/** From helpers to handlers, not out of generated code. */
const INSIDE = new Set<number>([EXIT.goOn, EXIT.goOnNext]);

const bitsOf = (mode: number): Bits => (mode & MODE.long ? 64 : mode & MODE.code32 ? 32 : 16);
const inMode = (bits: Bits) => forms.filter((form) => (bits === 64 ? form.inLong : form.inLegacy));
/** What user programs cannot run alike on two machines. */
const isForeign = (form: Form) =>
  form.instruction.privilege !== undefined || SYSTEMS.test(form.instruction.name) || isEstimated(form);
const SYSTEMS = /^(cpuid|rdtscp?|rdpmc|sldt|str|sgdt|sidt|smsw|syscall|sysenter|int1|in|out|ins|outs)$/;
const share = (reached: number, total: number) => `${reached} of ${total}`;

const decodeAs = (code: Uint8Array, bits: Bits) => decode(code, 0, { long: bits === 64, code32: bits === 32 });
/** Longer programs are left after so many. */
const MOST_STEPS = 3000;

/** Runs programs step by step, for where their branches go. */
class Steps {
  private test: Sequence | undefined;
  /** Where the next instruction would be, and the branch. */
  private behind: { readonly rip: bigint; readonly name: string } | undefined;
  private readonly bench: (bits: Bits) => SequenceBench;

  constructor(private readonly note: (outcome: string) => void) {
    const watch = (state: CpuState) => this.look(state.get64("rip"), state.get64("segmentBase", 1));
    this.bench = sequenceBenches({ portions: 1, mostTicks: MOST_STEPS, watch });
  }

  run(test: Sequence): void {
    this.test = test;
    this.behind = undefined;
    this.bench(test.bits).runSequence(test);
  }

  private look(rip: bigint, base: bigint): void {
    const { code, place, bits } = this.test!;
    if (this.behind) this.note(`${this.behind.name} ${this.behind.rip === rip ? "goes on" : "jumps"}`);
    this.behind = undefined;
    const at = Number(BigInt.asIntN(64, rip + base)) - CODE - place;
    if (at < 0 || at >= code.length) return;
    const decoded = decodeAs(code.subarray(at), bits);
    if (decoded.kind !== "instruction" || !/^(j|loop|into|bound|ret|call)/.test(decoded.instruction.name)) return;
    const condition = decoded.instruction.conditional ? code[at + decoded.length - 1] & 15 : 0;
    this.behind = { rip: rip + BigInt(decoded.length), name: `${bits} ${decoded.formNumber} ${condition}` };
  }
}

export class Coverage {
  private readonly decoded = new Map<Bits, Map<number, number>>(BITS.map((bits) => [bits, new Map()]));
  private readonly handlers = new Set<number>();
  private readonly exits = new Map<number, number>();
  private readonly faults = new Set<string>();
  private readonly watched = new Set<SequenceBench>();
  /** The instruction that was decoded last, at its address: what a program ends with. */
  private last: Decoded | undefined;

  /** What the present program reached. */
  private outcomes = new Set<string>();
  private readonly steps = new Steps((outcome) => this.outcomes.add(outcome));

  /** All of a program that has run. */
  take(test: Sequence, { events = "", vector }: Outcome): ReadonlySet<string> {
    for (const line of [...events.split("\n"), vector.toString(16)]) this.noteEvent(test, line.split(" "));
    this.steps.run(test);
    const { outcomes } = this;
    this.outcomes = new Set();
    return outcomes;
  }

  private noteEvent({ bits, code, place }: Sequence, [vector, , , rip]: readonly string[]): void {
    const at = rip === undefined ? -1 : (parseInt(rip, 16) & 0xffff) - place;
    const decoded = at >= 0 && at < code.length ? decodeAs(code.subarray(at), bits) : undefined;
    const form = decoded?.kind === "instruction" ? decoded.formNumber : "elsewhere";
    if (vector) this.outcomes.add(`${bits} ${form} exception ${vector}`);
  }

  /** Looks at all that this bench decodes and runs from now on. */
  watch(bench: SequenceBench): void {
    if (this.watched.has(bench)) return;
    this.watched.add(bench);
    const { library } = bench.cpu;
    const resolve = library.resolve.bind(library);
    library.resolve = (decoded, mode) => {
      this.note(decoded, bitsOf(mode));
      const resolved = resolve(decoded, mode);
      this.handlers.add(resolved.slot);
      return resolved;
    };
    bench.watchSlow((form, way) => this.outcomes.add(`${form} ${way}`));
    const watchRuns = () => {
      const { run } = library;
      library.run = (record) => {
        const reason = run(record);
        this.exits.set(reason, (this.exits.get(reason) ?? 0) + 1);
        this.outcomes.add(`${bench.formAt()} exit ${reason}`);
        return reason;
      };
    };
    watchRuns();
    const { renewed } = library;
    library.renewed = () => {
      renewed?.();
      watchRuns();
    };
  }

  private note(decoded: Decoded, bits: Bits): void {
    const counts = this.decoded.get(bits)!;
    counts.set(decoded.formNumber, (counts.get(decoded.formNumber) ?? 0) + 1);
    this.last = decoded;
  }

  /** A program ended so. */
  ended(vector: number): void {
    if (vector !== BREAKPOINT && this.last) this.faults.add(`${this.last.formNumber} ${vector}`);
  }

  /** Numbers of the forms that were seldom decoded in this mode. */
  rare(bits: Bits): ReadonlySet<number> {
    const counts = this.decoded.get(bits)!;
    return new Set(inMode(bits).flatMap(({ number }) => ((counts.get(number) ?? 0) < RARE ? [number] : [])));
  }

  private formsOf(bits: Bits): string[] {
    const counts = this.decoded.get(bits)!;
    const all = inMode(bits).filter((form) => !isForeign(form));
    const never = all.filter(({ number }) => !counts.has(number));
    const names = never.map(({ instruction, text }) => `${instruction.name} ${text}`);
    const foreign = inMode(bits).length - all.length;
    return [
      `${bits} bits: ${share(all.length - never.length, all.length)} forms; ${foreign} more are privileged, show the operating system, or are estimates`,
      ...(names.length ? [`  never: ${names.join("; ")}`] : []),
    ];
  }

  report(): string[] {
    const exits = Object.entries(EXIT).filter(([, reason]) => !INSIDE.has(reason));
    const text = exits.map(([name, reason]) => `${name} ${this.exits.get(reason) ?? 0}`).join(", ");
    const reached = exits.filter(([, reason]) => this.exits.has(reason)).length;
    return [
      ...BITS.flatMap((bits) => this.formsOf(bits)),
      `handlers: ${this.handlers.size}; forms with their exceptions: ${this.faults.size}`,
      `ways out of generated code: ${share(reached, exits.length)} (${text})`,
    ];
  }
}
