import { describe, expect, it } from "vitest";
import { Trace } from "../../src/ui/store/trace";
import { TRACE_RECORD_BYTES, TraceKind } from "../../src/worker/protocol";

interface Written {
  readonly time: number;
  readonly kind?: number;
  readonly pid?: number;
  readonly a?: bigint;
  readonly b?: bigint;
}

function records(...list: readonly Written[]): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(list.length * TRACE_RECORD_BYTES));
  list.forEach(({ time, kind = TraceKind.irq, pid = 0, a = 0n, b = 0n }, index) => {
    const at = index * TRACE_RECORD_BYTES;
    view.setBigUint64(at, BigInt(time), true);
    view.setUint16(at + 8, kind, true);
    view.setUint32(at + 12, pid, true);
    view.setBigUint64(at + 16, a, true);
    view.setBigUint64(at + 24, b, true);
  });
  return view.buffer;
}

const times = (trace: Trace): number[] => [...trace.columns.time.subarray(0, trace.length)];

describe("the trace's columns", () => {
  it("keep every field, beyond 32 bits too", () => {
    const trace = new Trace(8, 2);
    trace.append(records({ time: 2 ** 40 + 5, kind: TraceKind.publish, pid: 3, a: 300n | (8n << 32n), b: 2n ** 33n }));
    const { time, kind, pid, aLow, aHigh, bLow, bHigh } = trace.columns;
    expect([time[0], kind[0], pid[0]]).toEqual([2 ** 40 + 5, TraceKind.publish, 3]);
    expect([aLow[0], aHigh[0], bLow[0], bHigh[0]]).toEqual([300, 8, 0, 2]);
  });

  it("grow, and drop the oldest quarter at the limit", () => {
    const trace = new Trace(8, 2);
    for (let time = 0; time < 9; time++) trace.append(records({ time }));
    expect(trace.first).toBe(2);
    expect(times(trace)).toEqual([2, 3, 4, 5, 6, 7, 8]);
  });

  it("keep the newest when one batch is more than the limit", () => {
    const trace = new Trace(4, 2);
    trace.append(records({ time: 0 }, { time: 1 }));
    trace.append(records(...[2, 3, 4, 5, 6, 7].map((time) => ({ time }))));
    expect(trace.first).toBe(4);
    expect(times(trace)).toEqual([4, 5, 6, 7]);
  });

  it("know the generation of a reused PID", () => {
    const trace = new Trace(16, 4);
    const schedule = (time: number, b: bigint) => ({ time, kind: TraceKind.schedule, pid: 5, b });
    trace.append(records(schedule(1, 1n), { time: 2, pid: 5 }, schedule(3, 2n), { time: 4, pid: 5 }));
    expect([...trace.columns.generation.subarray(0, 4)]).toEqual([1, 1, 2, 2]);
  });

  it("are searched by time", () => {
    const trace = new Trace(16, 4);
    trace.append(records({ time: 10 }, { time: 20 }, { time: 20 }, { time: 30 }));
    expect([0, 10, 11, 20, 31].map((tick) => trace.rowAt(tick))).toEqual([0, 0, 1, 1, 4]);
  });

  it("tell listeners once per batch, and of a new run", () => {
    const trace = new Trace(16, 4);
    let told = 0;
    const stop = trace.subscribe(() => told++);
    trace.append(records({ time: 1 }, { time: 2 }));
    trace.append(new ArrayBuffer(0));
    trace.clear();
    stop();
    trace.append(records({ time: 1 }));
    expect([told, trace.run, trace.length]).toEqual([2, 1, 1]);
  });
});
