/** Herald's trace ring as lines of text: tick, process, kind, then the record's own fields as the kernel wrote them. */
import { GuestMemory } from "../lens/memory.ts";
import { TraceDrain, TraceKind, TraceView, traceNames } from "../lens/trace.ts";
import type { Pc } from "../pc/pc.ts";
import { UsageError } from "./options.ts";
import { Sink } from "./sink.ts";

export class TraceFile {
  private readonly drain = new TraceDrain();
  private readonly wanted: ReadonlySet<number>;
  private readonly sink: Sink;

  constructor(kinds: string, file: string) {
    this.wanted = parseKinds(kinds);
    this.sink = new Sink(file);
  }

  /** The ring is found by the physical address that the kernel told the doorbell: this needs no map of the kernel. */
  collect(pc: Pc): void {
    if (pc.traceRing === 0) return;
    const map = {
      symbols: new Map([["trace_ring", { address: BigInt(pc.traceRing), size: 0 }]]),
      programs: new Map(),
      kernelVirtualBase: 1n << 63n,
      kernelPhysicalBase: 0n,
      directMapBase: 0n,
    };
    this.drain.drain(new GuestMemory(pc.cpu.ram, map, undefined));
    const { records, lost } = this.drain.take();
    if (lost) this.sink.text(`# ${lost} records were lost\n`);
    const view = new TraceView(records);
    for (let index = 0; index < view.length; index++) if (this.wanted.has(view.kind(index))) this.line(view, index);
  }

  flush(): void {
    this.sink.flush();
  }

  private line(view: TraceView, index: number): void {
    const kind = traceNames.kind[view.kind(index)] ?? `kind${view.kind(index)}`;
    const hex = (value: bigint) => `0x${value.toString(16)}`;
    const fields = `flags=${view.flags(index)} a=${hex(view.a(index))} b=${hex(view.b(index))}`;
    this.sink.text(`${view.time(index)} pid=${view.pid(index)} ${kind} ${fields}\n`);
  }
}

function parseKinds(kinds: string): ReadonlySet<number> {
  const known: Readonly<Record<string, number>> = TraceKind;
  if (kinds === "all") return new Set(Object.values(known));
  return new Set(
    kinds.split(",").map((name) => {
      if (!Object.hasOwn(known, name))
        throw new UsageError(`--trace: there is no kind ${name}; there are ${Object.keys(known).join(", ")}`);
      return known[name];
    }),
  );
}
