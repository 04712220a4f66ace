/**
 * What a run of random programs reached: forms in each mode, handlers, ways out of generated code, exceptions of each form, and the parts
 * of the engine's own code. What was seldom reached is what the grammar is asked for next.
 */
import { type Form, forms } from "../../../src/engine/decode/forms";
import type { Decoded } from "../../../src/engine/decode/decode";
import { EXIT } from "../../../src/engine/record";
import { MODE } from "../../../src/engine/state";
import { type Bits, BITS } from "../cases";
import { BREAKPOINT } from "./cases";
import type { SequenceBench } from "./engine";
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

export class Coverage {
  private readonly decoded = new Map<Bits, Map<number, number>>(BITS.map((bits) => [bits, new Map()]));
  private readonly handlers = new Set<number>();
  private readonly exits = new Map<number, number>();
  private readonly faults = new Set<string>();
  private readonly watched = new Set<SequenceBench>();
  /** The instruction that was decoded last, at its address: what a program ends with. */
  private last: Decoded | undefined;

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
    const watchRuns = () => {
      const { run } = library;
      library.run = (record) => {
        const reason = run(record);
        this.exits.set(reason, (this.exits.get(reason) ?? 0) + 1);
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
