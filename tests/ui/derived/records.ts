/** Builds raw trace records as the kernel writes them, for tests. */
import { enums, structs } from "../../../src/herald/layout";
import { TraceIndex } from "../../../src/ui/derived/index";
import { Trace } from "../../../src/ui/store/trace";

export type Kind = keyof typeof enums.trace_kind.byName;
export type Row = readonly [
  time: number,
  kind: Kind,
  pid: number,
  a?: number | bigint,
  b?: number | bigint,
  flags?: number,
];

export const pack = (low: number, high: number): bigint => BigInt(low) | (BigInt(high) << 32n);

export function records(rows: readonly Row[]): ArrayBuffer {
  const { size, fields } = structs.trace_record;
  const view = new DataView(new ArrayBuffer(rows.length * size));
  rows.forEach(([time, kind, pid, a = 0, b = 0, flags = 0], row) => {
    const at = row * size;
    view.setBigUint64(at + fields.time.offset, BigInt(time), true);
    view.setUint16(at + fields.kind.offset, enums.trace_kind.byName[kind], true);
    view.setUint16(at + fields.flags.offset, flags, true);
    view.setUint32(at + fields.pid.offset, pid, true);
    view.setBigInt64(at + fields.a.offset, BigInt.asIntN(64, BigInt(a)), true);
    view.setBigInt64(at + fields.b.offset, BigInt.asIntN(64, BigInt(b)), true);
  });
  return view.buffer;
}

export function indexOf(rows: readonly Row[], limit?: number): { trace: Trace; index: TraceIndex } {
  const trace = new Trace(limit, 16);
  trace.append(records(rows));
  return { trace, index: new TraceIndex(trace).update() };
}
