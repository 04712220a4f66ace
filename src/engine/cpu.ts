/**
 * The CPU: runs decoded blocks until a tick, and does between them what only happens at instruction boundaries: faults,
 * interrupts, single steps, breakpoints.
 *
 * The clock. `ticks` is exact whenever no generated code runs. While it runs, a block has been charged as a whole, so the
 * clock is what the run may use up (`end`) less what remains, less the instructions of the block from the present one on.
 * The delivery of a fault takes one tick, so that a handler which faults at once cannot hold time still.
 */
import type { Board, Cpu, CpuSnapshot, StopReason } from "./board";
import type { Block } from "./block";
import { Blocks, type CodeSource } from "./blocks";
import { report } from "./debug/report";
import { decode } from "./decode/decode";
import { disassemble } from "./decode/disassemble";
import { defaultHandlerOptions, type HandlerOptions } from "./handlers/surroundings";
import { type HostFunctions, HandlerLibrary } from "./handlers/library";
import { SPECIAL } from "./handlers/special";
import { Jumps } from "./jumps";
import { EXIT, record, RECORD_BYTES } from "./record";
import type { RegionOptions } from "./regions/options";
import { Regions } from "./regions/regions";
import { takeSnapshot } from "./snapshot";
import { RAM, type WasmOffset } from "./areas";
import { CpuState, layout, MODE, NO_STI, type GuestPhysical } from "./state";
import { createSystem, type System } from "./system";
import { shortWays } from "./system/short";

export interface CpuConfig {
  readonly board: Board;
  /** Guest memory, 1 to 256. */
  readonly memoryMiB: number;
  /** The CPU offers five-level paging (LA57). */
  readonly levels5?: boolean;
  /** Hot code is compiled as regions; false, or absent: everything is interpreted. */
  readonly regions?: boolean | Partial<RegionOptions>;
  /** Short ways of handlers; all are taken unless switched off. */
  readonly handlers?: Partial<HandlerOptions>;
  /** Short ways of walks, interrupts, system calls and their kind (system/short/); default true. */
  readonly quick?: boolean;
}

export function createCpu(config: CpuConfig): X86Cpu {
  return new X86Cpu(config);
}

const PAGE = 4096;
const WASM_PAGE = 0x1_0000;
/** Most ticks that one entry into generated code may use: `remaining` is signed. */
const LONGEST_RUN = 0x3fff_ffff;
const FLAG_TF = 0x100;
const FLAG_IF = 0x200;
const FLAG_RF = 0x1_0000;
/** DR6.BS, and the bits of breakpoints. */
const STEPPED = 0x4000;
const LOADED_SS = 2;
const CS = 1;
const GP = 13;
/** Places of hot fields in the u32 view. */
const RIP = layout.rip.offset >>> 2;
const MODE_AT = layout.mode.offset >>> 2;
const CPL = layout.cpl.offset >>> 2;
const CS_BASE = (layout.segmentBase.offset >>> 2) + 2 * CS;
const CS_LIMIT = (layout.segmentLimit.offset >>> 2) + CS;
const SYSTEM_FLAGS = layout.systemFlags.offset >>> 2;
const SHADOW = layout.shadow.offset >>> 2;
const STI_AT = layout.stiAt.offset >>> 2;
const NMI_BLOCKED = layout.nmiBlocked.offset >>> 2;
const INTERRUPT_WAITING = layout.interruptWaiting.offset >>> 2;
const HALTED = layout.halted.offset >>> 2;
const REMAINING = layout.remaining.offset >>> 2;
const SAMPLING = layout.sampling.offset >>> 2;
const EXIT_RECORD = layout.exitRecord.offset >>> 2;
/** #SS, #GP and #AC carry an error code (SDM 3, table 6-1); those that instructions raise themselves are 0. */
const WITH_CODE = new Set([12, 13, 17]);
/** Software interrupts clear TF themselves; no single-step trap follows them (SDM 3, 18.3.1.4). */
const NO_TRAP = new Set(["int", "int1", "int3", "into"]);
/** TF is looked at after it, not before: a trap at the kernel's entry would run on the user's stack. */
const TRAP_BY_OUTCOME = "syscall";
const withoutQuick: Partial<RegionOptions> = { pageDrops: false, walks: false, x87: false };
/** Numerical Recipes' generator of numbers that look random. */
const DITHER = { factor: 1_664_525, summand: 1_013_904_223 };
const LOW32 = 0xffff_ffffn;
/** The limit of a segment that does not end. */
const WHOLE = 0xffff_ffff;

export class X86Cpu implements Cpu {
  readonly memory: WebAssembly.Memory;
  readonly ram: Uint8Array;
  readonly system: System;
  readonly blocks: Blocks;
  readonly library: HandlerLibrary;
  /** The second tier, unless it is off. */
  readonly regions: Regions | undefined;
  private readonly state: CpuState;
  private readonly board: Board;
  private readonly jumps: Jumps;
  private readonly source: CodeSource;
  private readonly fields: DataView;
  /** Exact while no generated code runs. */
  private ticks = 0;
  private idle = 0;
  private running = false;
  /** The tick at which `remaining` would be 0. */
  private end = 0;
  /** Record of the instruction that called out of generated code. */
  private current: WasmOffset = 0;
  private breakpoints: ReadonlySet<bigint> = new Set();
  /** The tick at which a breakpoint was reported or set: the instruction there is run, not reported again. */
  private passing = -1;
  private stopped: StopReason | undefined;
  private forgetLater = false;
  /** The next instruction is executed alone: what it writes to may move interrupts or time. */
  private alone = false;
  /** This run is of one instruction. */
  private single = false;
  private attention = false;
  /** The second tier looks at what runs at this tick, or at the head of a block soon after. */
  private sampleAt = Infinity;
  private sampleEvery = Infinity;
  private sampled = false;
  private dither = 0;
  /** This run is as long as it is so that a sample is taken at its end. */
  private sampling = false;
  /** Linear address of the lookup in progress. */
  private linearLow = 0;
  private linearHigh = 0;

  constructor({ board, memoryMiB, levels5 = true, regions = false, handlers, quick }: CpuConfig) {
    if (!Number.isInteger(memoryMiB) || memoryMiB < 1 || memoryMiB > 256) {
      throw new RangeError(`memory is 1 to 256 MiB, not ${memoryMiB}`);
    }
    const pages = RAM / WASM_PAGE + memoryMiB * 16;
    this.board = board;
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.ram = new Uint8Array(this.memory.buffer, RAM);
    this.state = new CpuState(this.memory);
    this.fields = this.state.bytes;
    this.jumps = new Jumps(this.state);
    const hooks = {
      codeWritten: (physical: number, size: number) => this.blocks.written(physical, size),
      flushJumps: () => this.jumps.flush(),
      enterSpace: (low: number, high: number) => this.jumps.enterSpace(low, high),
      invalidateJumps: (low: number, high: number) => this.jumps.invalidate(low, high),
      inSegment: (base: number, limit: number) => this.jumps.isIn(base, limit),
      breakpointsChanged: () => this.forget(),
      clock: () => this.clock,
    };
    this.state.u32[STI_AT] = NO_STI;
    this.system = createSystem(this.state, board, hooks, { levels5 });
    this.library = new HandlerLibrary(this.memory, this.withShortWays(quick), {
      ...defaultHandlerOptions,
      ...handlers,
    });
    this.blocks = new Blocks(this.state, this.library, this.jumps);
    this.source = {
      page: (address) => this.codePage(address),
      nextPage: () => this.fetchNextPage(),
      protect: (page) => this.system.protectPage(page),
    };
    if (regions)
      this.regions = this.secondTier({ ...(regions === true ? {} : regions), ...(quick === false && withoutQuick) });
    this.reset();
  }

  private withShortWays(quick = true): HostFunctions {
    const host = this.hostFunctions();
    if (!quick) return host;
    const short = shortWays(this.memory, host);
    this.system.useDelivery(short.deliver);
    return { ...host, ...short };
  }

  private secondTier(options: Partial<RegionOptions>): Regions {
    const code = {
      known: (physical: GuestPhysical, mode: number) => this.blocks.known(physical, mode),
      read: (linear: bigint, bytes: 4 | 8) => this.peek(linear, bytes),
      steps: (block: Block) => this.blocks.stepsOf(block, this.source),
      translate: (linear: bigint, user: boolean) => this.system.translate(linear, "execute", user),
      reserve: (records: number) => this.blocks.reserve(records),
      openMemory: () => this.system.openMemory(),
    };
    const regions = new Regions(this.state, this.library, code, options);
    this.blocks.watcher = regions;
    this.sampleEvery = this.sampleAt = regions.options.sampleEvery;
    return regions;
  }

  /** Bytes of guest memory, without any effect; undefined where there is no RAM. */
  private peek(linear: bigint, bytes: 4 | 8): bigint | undefined {
    const physical = this.system.translate(linear, "read", false);
    if (physical === undefined || physical % bytes !== 0 || physical + bytes > this.ram.length) return undefined;
    const at = RAM + physical;
    return bytes === 8 ? this.fields.getBigUint64(at, true) : BigInt(this.fields.getUint32(at, true));
  }

  /** The imports of generated code. Each notes the record, by which the clock is exact inside. */
  private hostFunctions(): HostFunctions {
    const { system } = this;
    const noting = (helper: (record: number) => number) => (at: number) => {
      this.current = at;
      return helper(at);
    };
    const functions: Record<string, (...args: number[]) => number> = {
      readSlow: (at, size) => {
        this.current = at;
        return system.readSlow(at, size);
      },
      writeSlow: (at, size) => {
        this.current = at;
        return system.writeSlow(at, size);
      },
      checkSegment: (segment, offset, size, write, at) =>
        system.checkSegment(segment, offset >>> 0, size, write ? 1 : 0, at),
      raise: (at, vector) => (WITH_CODE.has(vector) ? system.raise(at, vector, 0) : system.raise(at, vector)),
    };
    functions.numericError = noting((at) => system.numericError(at));
    for (const [name, helper] of Object.entries(system.helpers)) functions[`system.${name}`] = noting(helper);
    return functions;
  }

  // ---- Cpu: what others see ----

  get clock(): number {
    if (!this.running) return this.ticks;
    return this.end - this.remaining() - this.leftAfter(this.current) - 1;
  }

  get idleTicks(): number {
    return this.idle;
  }

  get halted(): boolean {
    return this.state.u32[HALTED] !== 0;
  }

  skip(toClock: number): void {
    if (!this.halted) throw new Error("only a halted CPU skips time");
    if (toClock < this.ticks) throw new RangeError(`time does not go back from ${this.ticks} to ${toClock}`);
    this.idle += toClock - this.ticks;
    this.ticks = toClock;
  }

  /** Sets the clock, with a state that was kept elsewhere. */
  restoreClock(clock: number, idleTicks: number): void {
    this.ticks = clock;
    this.idle = idleTicks;
    this.alone = this.attention = false;
    this.stopped = undefined;
    this.nextSample();
  }

  reset(): void {
    this.stopped = undefined;
    this.system.reset();
    this.jumps.flush();
  }

  setBreakpoints(addresses: readonly bigint[]): void {
    this.breakpoints = new Set(addresses.map((address) => BigInt.asUintN(64, address)));
    this.passing = this.clock;
    this.forget();
  }

  translate(linear: bigint, access: "read" | "write" | "execute", user: boolean): GuestPhysical | undefined {
    return this.system.translate(linear, access, user);
  }

  memoryChanged(physical: GuestPhysical, length: number): void {
    this.blocks.written(physical, length);
  }

  snapshot(): CpuSnapshot {
    return takeSnapshot(this.state, this.system.rflags());
  }

  flushCaches(): void {
    this.system.rebuild();
    this.forget();
  }

  private forget(): void {
    if (this.running) {
      this.forgetLater = true;
      this.jumps.flush();
    } else this.blocks.forget();
  }

  // ---- the run ----

  run(until: number): StopReason {
    for (;;) {
      if (this.stopped) return this.stopped;
      if (this.system.takeAttention() || this.attention) {
        this.attention = false;
        return { kind: "attention" };
      }
      const flags = this.state.u32[SYSTEM_FLAGS];
      const shadow = this.state.u32[SHADOW] !== 0;
      if (!shadow && this.board.nmiPending?.() && this.state.u32[NMI_BLOCKED] === 0) {
        this.board.acknowledgeNmi?.();
        this.deliver(() => this.system.deliverNmi());
        continue;
      }
      const enabled = (flags & FLAG_IF) !== 0 && !shadow;
      const waits = this.board.interruptPending();
      if (enabled && waits) {
        this.deliver(() => this.system.deliverInterrupt(this.board.acknowledgeInterrupt()));
        continue;
      }
      if (this.halted) return { kind: "halted", forever: (flags & FLAG_IF) === 0 };
      if (this.atBreakpoint()) return { kind: "breakpoint" };
      if (this.ticks >= until) return { kind: "ticks" };
      if (this.meetsCodeBreakpoint(flags)) continue;
      this.state.u32[INTERRUPT_WAITING] = waits ? 1 : 0;
      this.advance(until, flags, shadow);
    }
  }

  /** Runs until `until` or the next thing that needs looking at; one instruction where something must happen after it. */
  private advance(until: number, flags: number, shadow: boolean): void {
    const stepping = (flags & FLAG_TF) !== 0;
    this.single = stepping || shadow || this.alone || (this.hasBreakpoints && this.nearBreakpoint());
    if (shadow) this.state.set32("shadow", 0);
    const name = stepping ? this.nextInstruction() : "";
    if (flags & FLAG_RF) this.state.u32[SYSTEM_FLAGS] &= ~FLAG_RF;
    const block = this.lookup();
    if (!block) return;
    const { single } = this;
    this.alone = false;
    this.system.alone = single;
    if (this.regions && !single) this.consider(this.regions, block);
    const faulted = this.execute(block, single ? 1 : this.budget(until, block));
    if (single && this.board.takeAttention()) this.attention = true;
    // Nothing happened yet: what held a breakpoint off still does.
    if (this.alone) this.state.u32[SYSTEM_FLAGS] |= flags & FLAG_RF;
    this.trapAfter(faulted, stepping && !NO_TRAP.has(name), name === TRAP_BY_OUTCOME);
  }

  /** Debug traps after an instruction (SDM 3, 18.3.1): after MOV SS and POP SS they are held, or dropped if they are single steps. */
  private trapAfter(faulted: boolean, stepping: boolean, byOutcome: boolean): void {
    const found = this.system.debug.take();
    if (faulted) return;
    if (this.state.u32[SHADOW] === LOADED_SS) return this.system.debug.note(found);
    const stepped = stepping && byOutcome ? (this.state.u32[SYSTEM_FLAGS] & FLAG_TF) !== 0 : stepping;
    const bits = found | (stepped ? STEPPED : 0);
    if (bits) this.deliver(() => this.system.deliverDebug(bits));
  }

  /** A code breakpoint of the debug registers at RIP: #DB before the instruction, unless RF or a load of SS hold it off. */
  private meetsCodeBreakpoint(flags: number): boolean {
    const { debug } = this.system;
    if (debug.code.size === 0 || flags & FLAG_RF || this.state.u32[SHADOW] === LOADED_SS) return false;
    const bits = debug.at(this.linearRip());
    if (bits === 0) return false;
    this.ticks++;
    this.deliver(() => this.system.deliverDebug(bits));
    return true;
  }

  /** The last run ended for a sample, in the interpreter: then this block is one of what is hot. */
  private consider(regions: Regions, block: Block): void {
    const sampled = this.sampled || regions.options.threshold === 0;
    if (sampled && !this.hasBreakpoints) regions.sample(block, this.state.get64("rip"));
    if (this.sampled || this.sampleAt <= this.ticks) regions.work();
    this.sampled = false;
  }

  /** How far to run: to the next sample, or not so far. A sample that would fall into the first block is taken after it. */
  private budget(until: number, block: Block): number {
    // Time was skipped: what comes just after an interrupt would be seen too often.
    if (this.sampleAt <= this.ticks) this.nextSample();
    const toSample = Math.max(this.sampleAt - this.ticks, block.instructions);
    this.sampling = this.ticks + toSample <= until;
    return Math.min(until - this.ticks, toSample, LONGEST_RUN);
  }

  /** Intervals differ by up to a half, or loops whose length fits into them would be sampled at one place always. */
  private nextSample(): void {
    this.dither = (Math.imul(this.dither, DITHER.factor) + DITHER.summand) >>> 0;
    this.sampleAt = this.ticks + Math.ceil(this.sampleEvery * (0.75 + this.dither / 2 ** 33));
  }

  /** Runs a block and what follows it for at most `budget` ticks. True when it ended in a fault. */
  private execute(block: Block, budget: number): boolean {
    this.end = this.ticks + budget;
    this.state.u32[REMAINING] = budget - block.instructions;
    this.state.u32[SAMPLING] = this.sampling ? 1 : 0;
    this.running = true;
    const reason = block.instructions <= budget ? this.library.run(block.record) : this.runPart(block, budget);
    this.running = false;
    this.settle(reason);
    this.settleShadow();
    if (this.forgetLater) {
      this.forgetLater = false;
      this.blocks.forget();
    }
    return reason === EXIT.fault;
  }

  /** The first `count` instructions of a block: the one after them stops the run, for this time. */
  private runPart(block: Block, count: number): number {
    const { u32 } = this.state;
    let stop = block.record;
    while (this.leftAfter(stop) !== block.instructions - 1 - count) stop += RECORD_BYTES;
    const handler = (stop + record.handler) >>> 2;
    const kept = u32[handler];
    u32[handler] = SPECIAL.stale;
    const reason = this.library.run(block.record);
    if (!block.dropped) u32[handler] = kept;
    return reason;
  }

  /** Brings clock and RIP in line with how the run ended (record.ts: EXIT). */
  private settle(reason: number): void {
    const at = this.state.u32[EXIT_RECORD];
    const spent = this.end - this.remaining();
    switch (reason) {
      case EXIT.budget:
        this.ticks = spent;
        if (this.sampling) this.sample(false);
        return;
      case EXIT.regionBudget:
        this.ticks = spent;
        this.sample(true);
        return;
      case EXIT.lookup:
        this.ticks = spent;
        return;
      case EXIT.fault:
        this.ticks = spent - this.leftAfter(at) - 1;
        this.moveRip(at, record.start);
        if (this.system.wantsAlone()) this.alone = true;
        else this.fault();
        return;
      case EXIT.leave:
        this.ticks = spent - this.leftAfter(at);
        return;
      case EXIT.leaveNext:
        this.ticks = spent - this.leftAfter(at);
        this.moveRip(at, record.next);
        return;
      case EXIT.stale:
        this.ticks = spent - this.leftAfter(at) - 1;
        this.moveRip(at, record.start);
        return;
      case EXIT.repeat:
        // An interrupt now shows RF: the rest is no new instruction (SDM 3, 18.3.1.1).
        this.state.u32[SYSTEM_FLAGS] |= FLAG_RF;
        this.ticks = spent - this.leftAfter(at);
        this.moveRip(at, record.start);
        return;
      case EXIT.unimplemented:
        this.ticks = spent - this.leftAfter(at) - 1;
        this.moveRip(at, record.start);
        this.stopped = { kind: "unimplemented", report: this.describe(this.unimplementedReason()) };
        return;
      default:
        throw new Error(this.describe(`generated code returned ${reason}`));
    }
  }

  /** A sample falls here. The more of them find regions, the fewer are taken. */
  private sample(inRegion: boolean): void {
    const { sampleEvery, sampleSeldom } = this.regions!.options;
    this.sampled = !inRegion;
    if (inRegion) this.regions!.work();
    this.sampleEvery = inRegion ? Math.min(this.sampleEvery * 2, sampleSeldom) : sampleEvery;
    this.nextSample();
  }

  /** Generated code went on behind STI: its shadow is over, unless that was the last instruction. */
  private settleShadow(): void {
    const { u32 } = this.state;
    if (u32[STI_AT] === NO_STI) return;
    if (this.ticks !== this.end - (u32[STI_AT] | 0)) u32[SHADOW] = 0;
    u32[STI_AT] = NO_STI;
  }

  private remaining(): number {
    return this.state.u32[REMAINING] | 0;
  }

  private leftAfter(at: WasmOffset): number {
    return this.fields.getUint16(at + record.left, true);
  }

  private moveRip(at: WasmOffset, field: number): void {
    const { u32 } = this.state;
    const low = u32[RIP] + this.fields.getUint16(at + field, true);
    u32[RIP] = low;
    if (!(u32[MODE_AT] & MODE.long)) u32[RIP + 1] = 0;
    else if (low > 0xffff_ffff) u32[RIP + 1]++;
  }

  private fault(): void {
    this.ticks++;
    this.deliver(() => this.system.deliverFault());
  }

  private deliver(event: () => ReturnType<System["deliverFault"]>): void {
    const rip = this.state.get64("rip");
    const failed = event();
    if (!failed) return;
    this.state.set64("rip", rip);
    this.stopped = { kind: "tripleFault", report: this.describe(`triple fault: ${failed.tripleFault}`) };
  }

  // ---- finding code ----

  private linearRip(): bigint {
    const rip = this.state.get64("rip");
    if (this.state.get32("mode") & MODE.long) return rip;
    return (rip + this.state.get64("segmentBase", CS)) & LOW32;
  }

  /** Physical address of code; -1 after raising the fault of fetching it. */
  private fetch(low: number, high: number): GuestPhysical {
    const physical = this.system.fetch(low, high, this.state.u32[CPL] === 3);
    if (physical >= 0) this.jumps.note(low, high, this.system.walk);
    return physical;
  }

  private fetchNextPage(): GuestPhysical | undefined {
    const low = ((this.linearLow & ~0xfff) + PAGE) >>> 0;
    const carry = low === 0 && this.state.u32[MODE_AT] & MODE.long ? 1 : 0;
    const physical = this.fetch(low, (this.linearHigh + carry) >>> 0);
    return physical < 0 ? undefined : physical;
  }

  /** The block at RIP, or undefined after delivering the fault of fetching it. */
  private lookup(): Block | undefined {
    const { u32 } = this.state;
    const long = (u32[MODE_AT] & MODE.long) !== 0;
    const ripLow = u32[RIP];
    const ripHigh = u32[RIP + 1];
    // In the legacy modes a RIP means another place when CS changes.
    if (!long) this.jumps.enterSegment(u32[CS_BASE], u32[CS_LIMIT]);
    this.jumps.retag();
    this.linearLow = long ? ripLow : (ripLow + u32[CS_BASE]) >>> 0;
    this.linearHigh = long ? ripHigh : 0;
    const known = this.jumps.find(ripLow, ripHigh);
    if (known !== 0) return this.blocks.startingAt(known);
    const fits = long || ripLow <= u32[CS_LIMIT];
    const physical = fits ? this.fetch(this.linearLow, this.linearHigh) : this.outsideSegment();
    const block = physical < 0 ? undefined : this.blocks.at(physical, this.source);
    if (!block) {
      this.fault();
      return undefined;
    }
    if (!long && ripLow + block.length - 1 > u32[CS_LIMIT]) return this.overLimit(block, u32[CS_LIMIT] - ripLow);
    if (u32[MODE_AT] & MODE.code32 && this.inLastPage()) this.single = true;
    else if (!this.hasBreakpoints || !this.hasBreakpoint(block)) {
      const entry = this.jumps.enter(ripLow, ripHigh, block.record);
      block.entries.add(entry);
      this.regions?.entered(entry, block);
    }
    return block;
  }

  /**
   * CS ends inside the page of the code at RIP: jumps in the page may have been linked in a segment that ends elsewhere (blocks.ts). So
   * its instructions run one by one, and no entry of the table of jumps leads there.
   */
  private inLastPage(): boolean {
    const { u32 } = this.state;
    const limit = u32[CS_LIMIT];
    const last = (u32[CS_BASE] + limit) >>> 0;
    return limit !== WHOLE && last % PAGE !== PAGE - 1 && last >>> 12 === this.linearLow >>> 12;
  }

  /** A block that goes on beyond the limit of CS: its first instruction is run alone, unless it does so itself (SDM 3, 5.3). */
  private overLimit(block: Block, last: number): Block | undefined {
    this.single = true;
    if (this.fields.getUint16(block.record + record.next, true) - 1 <= last) return block;
    this.outsideSegment();
    this.fault();
    return undefined;
  }

  private outsideSegment(): number {
    this.system.raise(0, GP, 0);
    return -1;
  }

  /** A physical page as code is fetched from it: devices and holes through the board. */
  private codePage(address: GuestPhysical): Uint8Array {
    if (this.board.pageKind(address) !== "device") return this.ram.subarray(address, address + PAGE);
    return Uint8Array.from({ length: PAGE }, (_, n) => Number(this.board.physicalRead(address + n, 1) & 0xffn));
  }

  // ---- breakpoints, single steps, reports ----

  /** Of the debugger, or of the guest's debug registers. */
  private get hasBreakpoints(): boolean {
    return this.breakpoints.size > 0 || this.system.debug.code.size > 0;
  }

  private hasBreakpoint(block: Block): boolean {
    const { code } = this.system.debug;
    const first = (BigInt(this.linearHigh) << 32n) | BigInt(this.linearLow);
    for (let n = 0; n < block.length; n++) {
      const address = BigInt.asUintN(64, first + BigInt(n));
      if (this.breakpoints.has(address) || code.has(address)) return true;
    }
    return false;
  }

  private atBreakpoint(): boolean {
    if (!this.breakpoints.size || this.passing === this.ticks || !this.breakpoints.has(this.linearRip())) return false;
    this.passing = this.ticks;
    return true;
  }

  /** The block at RIP holds a breakpoint (perhaps the instruction that is being passed): one step at a time there. */
  private nearBreakpoint(): boolean {
    const block = this.peekBlock();
    return block !== undefined && this.hasBreakpoint(block);
  }

  private peekBlock(): Block | undefined {
    const linear = this.linearRip();
    this.linearLow = Number(linear & LOW32);
    this.linearHigh = Number(linear >> 32n);
    const physical = this.system.translate(linear, "execute", this.state.get32("cpl") === 3);
    return physical === undefined ? undefined : this.blocks.at(physical, this.source);
  }

  private codeBytes(): Uint8Array {
    const linear = this.linearRip();
    const bytes: number[] = [];
    for (let n = 0n; n < 15n; n++) {
      const physical = this.system.translate(linear + n, "execute", this.state.get32("cpl") === 3);
      if (physical === undefined) break;
      bytes.push(this.codePage(physical - (physical % PAGE))[physical % PAGE]);
    }
    return Uint8Array.from(bytes);
  }

  private decodeNext() {
    const mode = this.state.get32("mode");
    return decode(this.codeBytes(), 0, { long: (mode & MODE.long) !== 0, code32: (mode & MODE.code32) !== 0 });
  }

  private nextInstruction(): string {
    const decoded = this.decodeNext();
    return decoded.kind === "instruction" ? decoded.instruction.name : decoded.kind;
  }

  private unimplementedReason(): string {
    const decoded = this.decodeNext();
    return `not implemented: ${decoded.kind === "unimplemented" ? decoded.what : "the instruction at RIP"}`;
  }

  private describe(what: string): string {
    const bytes = this.codeBytes();
    const mode = this.state.get32("mode");
    const bits = mode & MODE.long ? 64 : mode & MODE.code32 ? 32 : 16;
    const { text } = disassemble(bytes, this.state.get64("rip"), bits);
    return report({ what, clock: this.ticks, snapshot: this.snapshot(), bytes, disassembly: text });
  }
}
