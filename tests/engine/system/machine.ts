/** A CPU's system side over bare memory, for tests: no instructions run, helpers are called as handlers would call them. */
import type { Board } from "../../../src/engine/board";
import { EXIT, record as fieldOf } from "../../../src/engine/record";
import { CODE_PAGES, RAM, RECORDS, TRACKED_PAGES } from "../../../src/engine/areas";
import { CpuState, type FieldName } from "../../../src/engine/state";
import { createSystem, type System, type SystemOptions } from "../../../src/engine/system";
import { shortWays } from "../../../src/engine/system/short";
import type { SystemHelper } from "../../../src/isa/system";

export const RAM_BYTES = 4 << 20;
/** Pages of other kinds than RAM. */
export const ROM_PAGE = 0xf_0000;
export const DEVICE_PAGE = 0xe_0000;

export interface Fault {
  vector: number;
  code: number | undefined;
}

export interface Machine {
  state: CpuState;
  system: System;
  /** Guest memory from address 0. */
  ram: DataView;
  codePages: Set<number>;
  /** What the board and the hooks were told, in order. */
  log: string[];
  clock: number;
  addressMask: number;
  attention: boolean;
  /** How often short ways left things to the host, by the name of its function. */
  refused: Map<string, number>;
  /** Calls a helper with arguments; the pretended instruction is 2 bytes long at the present RIP. */
  call(helper: SystemHelper, ...args: (number | bigint)[]): number;
  fault(): Fault;
  value(): bigint;
  get(name: FieldName, index?: number): bigint;
  set(name: FieldName, value: number | bigint, index?: number): void;
  read(linear: bigint | number, size: number, intent?: number): number;
  write(linear: bigint | number, size: number, value: bigint | number): number;
}

/** Pages of code, as the engine is told of them. */
class CodePages extends Set<number> {
  private readonly bytes: Uint8Array;
  constructor(memory: WebAssembly.Memory) {
    super();
    this.bytes = new Uint8Array(memory.buffer, CODE_PAGES.at, TRACKED_PAGES);
  }
  override add(page: number): this {
    this.bytes[page] = 1;
    return super.add(page);
  }
  override delete(page: number): boolean {
    this.bytes[page] = 0;
    return super.delete(page);
  }
  override clear(): void {
    this.bytes.fill(0);
    super.clear();
  }
}

/** The record of the pretended instruction. */
export const RECORD = RECORDS.at + 48;

export function createMachine({
  quick = true,
  ...options
}: SystemOptions & { readonly quick?: boolean } = {}): Machine {
  const memory = new WebAssembly.Memory({ initial: (RAM + RAM_BYTES) >>> 16 });
  const state = new CpuState(memory);
  const machine = {
    state,
    codePages: new CodePages(memory),
    log: [] as string[],
    clock: 1000,
    addressMask: -1,
    attention: false,
    refused: new Map<string, number>(),
  } as unknown as Machine;
  const kindOf = (address: number) =>
    address >= RAM_BYTES || address >>> 12 === DEVICE_PAGE >>> 12
      ? "device"
      : address >>> 12 === ROM_PAGE >>> 12
        ? "rom"
        : "ram";
  const board: Board = {
    portRead: (port, size) => (
      machine.log.push(`in ${port.toString(16)} ${size}`),
      0x1234_5678 & (2 ** (8 * size) - 1)
    ),
    portWrite: (port, size, value) => void machine.log.push(`out ${port.toString(16)} ${size} ${value.toString(16)}`),
    interruptPending: () => false,
    acknowledgeInterrupt: () => 0,
    takeAttention: () => {
      const raised = machine.attention;
      machine.attention = false;
      return raised;
    },
    physicalRead: (address, size) => (
      machine.log.push(`read ${address.toString(16)} ${size}`),
      (1n << BigInt(8 * size)) - 1n
    ),
    physicalWrite: (address, size, value) =>
      void machine.log.push(`write ${address.toString(16)} ${size} ${value.toString(16)}`),
    pageKind: kindOf,
    addressMask: () => machine.addressMask,
  };
  const system = createSystem(
    state,
    board,
    {
      breakpointsChanged: () => undefined,
      codeWritten: (physical, size) => machine.log.push(`code ${physical.toString(16)} ${size}`) > 0,
      flushJumps: () => void machine.log.push("flush jumps"),
      enterSpace: (low) => void machine.log.push(`space ${low.toString(16)}`),
      invalidateJumps: (low) => machine.log.push(`invalidate ${low.toString(16)}`) > 0,
      inSegment: () => false,
      clock: () => machine.clock,
    },
    options,
  );
  const get = (name: FieldName, index = 0): bigint => state.get(name, index);
  const set = (name: FieldName, value: number | bigint, index = 0): void =>
    state.set(name, BigInt.asUintN(64, BigInt(value)), index);
  const bytes = state.bytes;
  bytes.setUint16(RECORD + fieldOf.start, 0, true);
  bytes.setUint16(RECORD + fieldOf.next, 2, true);
  bytes.setUint8(RECORD + fieldOf.segment, 3);
  const ways: Partial<Ways> = quick ? shortWaysOf(memory, system, machine.refused) : {};
  const extra: Partial<Machine> = {
    system,
    ram: new DataView(memory.buffer, RAM),
    get,
    set,
    value: () => get("value"),
    fault: () => ({
      vector: state.get32("faultVector"),
      code: state.get32("faultHasCode") ? state.get32("faultCode") : undefined,
    }),
    call(helper, ...args) {
      args.forEach((value, i) => set("argument", value, i));
      return (ways[`system.${helper}`] ?? system.helpers[helper])(RECORD);
    },
    read(linear, size, intent = 0) {
      set("accessAddress", linear);
      return (ways.readSlow ?? system.readSlow)(RECORD, size | intent);
    },
    write(linear, size, value) {
      set("accessAddress", linear);
      set("accessValue", value);
      return (ways.writeSlow ?? system.writeSlow)(RECORD, size);
    },
  };
  Object.assign(machine, extra);
  system.reset();
  machine.log.length = 0;
  return machine;
}

type Ways = Readonly<Record<string, (...args: number[]) => number>>;

/** The functions that generated code calls before those of the system. */
function shortWaysOf(memory: WebAssembly.Memory, system: System, refused: Map<string, number>): Ways {
  const { readSlow, writeSlow, helpers } = system;
  const named = Object.entries(helpers).map(([name, helper]) => [`system.${name}`, helper] as const);
  const counted = [...named, ["readSlow", readSlow] as const, ["writeSlow", writeSlow] as const].map(([name, call]) => [
    name,
    (...args: [number, number]) => {
      refused.set(name, (refused.get(name) ?? 0) + 1);
      return call(...args);
    },
  ]);
  const ways = shortWays(memory, Object.fromEntries(counted) as Ways);
  system.useDelivery(ways.deliver);
  return ways;
}

// Places in guest memory that the builders below use.
export const GDT = 0x1000,
  IDT = 0x2000,
  TSS = 0x3000,
  STACK0 = 0x8000,
  STACK1 = 0xa000,
  STACK3 = 0xc000,
  TABLES = 0x10_0000;

/** Selectors of the GDT that `protect` builds. */
export const SEL = {
  code64: 0x08,
  data0: 0x10,
  code32: 0x18,
  code64User: 0x33,
  data3: 0x2b,
  code32User: 0x23,
  tss: 0x40,
  code16: 0x50,
  conforming: 0x58,
  absent: 0x60,
  ldt: 0x68,
  free: 0x80,
} as const;

/** Halves of a descriptor: flags are G, D/B, L, AVL as a nibble. */
export function descriptor(
  m: Machine,
  selector: number,
  base: number,
  limit: number,
  access: number,
  flags: number,
): void {
  const at = GDT + (selector & 0xfff8);
  m.ram.setUint32(at, ((base & 0xffff) << 16) | (limit & 0xffff), true);
  m.ram.setUint32(
    at + 4,
    (base & 0xff00_0000) | (flags << 20) | (limit & 0xf_0000) | (access << 8) | ((base >>> 16) & 0xff),
    true,
  );
}

function fillGdt(m: Machine, long: boolean): void {
  descriptor(m, SEL.code64, 0, 0xf_ffff, 0x9a, long ? 0xa : 0xc);
  descriptor(m, SEL.data0, 0, 0xf_ffff, 0x92, 0xc);
  descriptor(m, SEL.code32, 0, 0xf_ffff, 0x9a, 0xc);
  descriptor(m, SEL.code32User, 0, 0xf_ffff, 0xfa, 0xc);
  descriptor(m, SEL.data3, 0, 0xf_ffff, 0xf2, 0xc);
  descriptor(m, SEL.code64User, 0, 0xf_ffff, 0xfa, long ? 0xa : 0xc);
  descriptor(m, SEL.tss, TSS, 0x67, 0x89, 0);
  descriptor(m, SEL.code16, 0x4_0000, 0xffff, 0x9a, 0);
  descriptor(m, SEL.conforming, 0, 0xf_ffff, 0x9e, long ? 0xa : 0xc);
  descriptor(m, SEL.absent, 0, 0xf_ffff, 0x12, 0xc);
  descriptor(m, SEL.ldt, 0x4000, 0x7f, 0x82, 0);
}

/** Flat 32-bit protected mode at CPL 0, with a TSS whose ring-0 stack is STACK0. */
export function protect(m: Machine): void {
  fillGdt(m, false);
  expectOk(m.call("loadTable", 0, 0x7ff, GDT));
  expectOk(m.call("loadTable", 1, 0x7ff, IDT));
  expectLeft(m.call("writeControl", 0, 0x6000_0011));
  expectLeft(m.call("farJump", SEL.code32, 0x5000, 32));
  for (const segment of [0, 2, 3, 4, 5]) m.call("loadSegment", segment, SEL.data0);
  m.ram.setUint32(TSS + 4, STACK0, true);
  m.ram.setUint16(TSS + 8, SEL.data0, true);
  m.ram.setUint16(TSS + 0x66, 0x68, true);
  expectOk(m.call("loadTask", SEL.tss));
  m.set("registers", STACK0 - 0x100, 4);
  m.set("shadow", 0);
}

/** Page tables at TABLES that map the first 4 MiB to themselves with 4 KiB pages, all rights; returns the table of the leaves. */
export function identityMap(m: Machine, levels: 4 | 5): number {
  let table = TABLES;
  for (let level = levels; level > 2; level--) {
    m.ram.setBigUint64(table, BigInt(table + 0x1000) | 7n, true);
    table += 0x1000;
  }
  const leaves = table + 0x1000;
  for (let i = 0; i < 2; i++) m.ram.setBigUint64(table + 8 * i, BigInt(leaves + 0x1000 * i) | 7n, true);
  for (let i = 0; i < 1024; i++) m.ram.setBigUint64(leaves + 8 * i, BigInt(i * 4096) | 7n, true);
  return leaves;
}

/** The same for 32-bit paging, which it turns on. */
export function identityMap32(m: Machine): number {
  const leaves = TABLES + 0x1000;
  m.ram.setUint32(TABLES, leaves | 7, true);
  for (let i = 0; i < 1024; i++) m.ram.setUint32(leaves + 4 * i, (i * 4096) | 7, true);
  expectLeft(m.call("writeControl", 3, TABLES));
  expectLeft(m.call("writeControl", 0, 0xe000_0011));
  return leaves;
}

/** 64-bit mode at CPL 0 by the way the manual describes (SDM 3, 10.8.5). Returns the table of the leaves. */
export function enterLong(m: Machine, levels: 4 | 5 = 4): number {
  protect(m);
  fillGdt(m, true);
  descriptor(m, SEL.tss, TSS, 0x67, 0x8b, 0);
  const leaves = identityMap(m, levels);
  expectLeft(m.call("writeControl", 4, 0x20 | (levels === 5 ? 0x1000 : 0)));
  expectLeft(m.call("writeControl", 3, TABLES));
  expectLeft(m.call("writeMsr", 0xc000_0080, 0x901));
  expectLeft(m.call("writeControl", 0, 0xe000_0011));
  expectLeft(m.call("farJump", SEL.code64, 0x5000, 32));
  m.ram.setBigUint64(TSS + 4, BigInt(STACK0), true);
  m.ram.setUint32(TSS + 8 + 96, 0, true);
  m.ram.setUint16(TSS + 0x66, 0x68, true);
  m.log.length = 0;
  return leaves;
}

/** To ring 3 by IRET with the selectors given. */
export function toUser(m: Machine, code: number, stack = SEL.data3 as number): void {
  const long = (m.get("mode") & 1n) !== 0n;
  const size = long ? 8 : 4;
  const rsp = STACK0 - 0x400;
  [0x6000, code, Number(m.system.rflags()), STACK3, stack].forEach((value, i) =>
    m.ram.setUint32(rsp + size * i, value, true),
  );
  if (long) [0, 1, 2, 3, 4].forEach((i) => m.ram.setUint32(rsp + 8 * i + 4, 0, true));
  m.set("registers", rsp, 4);
  expectLeft(m.call("interruptReturn", long ? 64 : 32));
}

/** An IDT gate. `high` for the upper half in 64-bit mode. */
export function gate(
  m: Machine,
  vector: number,
  selector: number,
  offset: number,
  access: number,
  ist = 0,
  long = false,
): void {
  const at = IDT + vector * (long ? 16 : 8);
  m.ram.setUint32(at, (selector << 16) | (offset & 0xffff), true);
  m.ram.setUint32(at + 4, (offset & 0xffff_0000) | (access << 8) | ist, true);
  if (long) m.ram.setBigUint64(at + 8, 0n, true);
}

function expectOk(result: number): void {
  if (result !== 0) throw new Error(`helper returned ${result}`);
}
function expectLeft(result: number): void {
  const left: readonly number[] = [EXIT.leave, EXIT.leaveNext, EXIT.goOn, EXIT.goOnNext];
  if (!left.includes(result)) throw new Error(`helper returned ${result}`);
}
