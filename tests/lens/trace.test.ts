import { describe, expect, it } from "vitest";
import { constants, structs } from "../../src/herald/layout";
import { decodeTrace, TraceDrain, TraceKind } from "../../src/lens/trace";
import { HandMadeGuest } from "./guest";

const RECORD = structs.trace_record.size;

function tracingGuest() {
  const guest = new HandMadeGuest();
  const ring = guest.place(structs.trace_ring.size + constants.TRACE_CAPACITY * RECORD, "trace_ring");
  guest.set(ring, structs.trace_ring, "magic", 0x43525448);
  guest.set(ring, structs.trace_ring, "capacity", constants.TRACE_CAPACITY);
  guest.set(ring, structs.trace_ring, "record_size", RECORD);
  let head = 0;
  const write = (count: number) => {
    for (let i = 0; i < count; i++, head++) {
      const at = ring + BigInt(structs.trace_ring.size + (head % constants.TRACE_CAPACITY) * RECORD);
      guest.set(at, structs.trace_record, "time", head * 10);
      guest.set(at, structs.trace_record, "kind", TraceKind.publish);
      guest.set(at, structs.trace_record, "pid", 7);
      guest.set(at, structs.trace_record, "a", (5n << 32n) | 300n);
    }
    guest.set(ring, structs.trace_ring, "head", head);
  };
  const restart = () => guest.set(ring, structs.trace_ring, "head", (head = 0));
  return { guest, write, restart };
}

const times = (drain: TraceDrain) => {
  const { records, lost } = drain.take();
  const all = decodeTrace(records).map((record) => record.time / 10);
  return { first: all[0], last: all.at(-1), count: all.length, lost };
};

describe("the trace", () => {
  it("gives each record once, across the ring's end", () => {
    const { guest, write } = tracingGuest();
    const drain = new TraceDrain();
    drain.drain(guest.memory());
    expect(times(drain).count).toBe(0);
    write(4000);
    drain.drain(guest.memory());
    write(200);
    drain.drain(guest.memory());
    expect(times(drain)).toEqual({ first: 0, last: 4199, count: 4200, lost: 0 });
    drain.drain(guest.memory());
    expect(times(drain).count).toBe(0);
  });

  it("decodes a record", () => {
    const { guest, write } = tracingGuest();
    const drain = new TraceDrain();
    write(1);
    drain.drain(guest.memory());
    expect(decodeTrace(drain.take().records)).toEqual([
      { time: 0, kind: 7, name: "publish", flags: 0, pid: 7, a: (5n << 32n) | 300n, b: 0n },
    ]);
  });

  it("counts what the ring lost", () => {
    const { guest, write } = tracingGuest();
    const drain = new TraceDrain();
    write(5000);
    drain.drain(guest.memory());
    expect(times(drain)).toEqual({ first: 904, last: 4999, count: 4096, lost: 904 });
  });

  it("keeps a bounded number when nobody asks", () => {
    const { guest, write } = tracingGuest();
    const drain = new TraceDrain(10_000);
    for (let i = 0; i < 20; i++) {
      write(1000);
      drain.drain(guest.memory());
    }
    expect(times(drain)).toEqual({ first: 10_000, last: 19_999, count: 10_000, lost: 10_000 });
  });

  it("begins again when the guest does, and reads nothing before the ring is set up", () => {
    const { guest, write, restart } = tracingGuest();
    const drain = new TraceDrain();
    write(100);
    drain.drain(guest.memory());
    drain.take();
    restart();
    write(3);
    drain.drain(guest.memory());
    expect(times(drain).count).toBe(3);
    drain.drain(new HandMadeGuest().memory());
    expect(times(drain).count).toBe(0);
  });
});
