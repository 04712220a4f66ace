/**
 * Memory accesses that generated code does not make by itself: those the lookaside does not know, those that cross a page
 * or reach a device, and those of the processor's own structures. Addresses are halves.
 *
 * Order within one access: canonical form, then the walks of every page it touches, then the bytes. So nothing is read
 * from a device and nothing is written by an access that faults.
 */
import { RBP, RSP } from "../../isa/expression";
import { forms } from "../decode/forms";
import { EXIT, record as fieldOf } from "../record";
import { RAM, SCRATCH } from "../areas";
import { MODE } from "../state";
import { AC, at, CR4, GP, SS, SSF, type Core } from "./core";
import type { DebugRegisters } from "./debug";
import type { Lookaside } from "./lookaside";
import { DEVICE_PAGE, EXECUTE, IMPLICIT, PROBE, RAM_PAGE, USER, WRITE, type Paging } from "./paging";

const PAGE = 0x1000;
const MOST_PUSHED = 8;
/** In place of a vector: nothing happened, the instruction wants to be executed alone. */
export const ALONE = 0x100;
/** Second half of SCRATCH: where a value to be written is put together. */
const OUTGOING = SCRATCH.at + 32;

export class Access {
  private readonly bytes: Uint8Array;
  /** One instruction is executed: watched writes may be made. */
  alone = false;
  private nextLow = 0;
  private nextHigh = 0;

  constructor(
    private readonly core: Core,
    private readonly paging: Paging,
    private readonly lookaside: Lookaside,
    private readonly debug: DebugRegisters,
  ) {
    this.bytes = new Uint8Array(core.state.memory.buffer);
  }

  /** contract.ts: readSlow. */
  readSlow(record: number, sizeAndIntent: number): number {
    const { u32 } = this.core;
    const low = u32[at.accessAddress] | 0;
    const mode = u32[at.mode];
    const high = mode & MODE.long ? u32[at.accessAddress + 1] | 0 : 0;
    const size = sizeAndIntent & 0xff;
    if (mode & MODE.long && this.core.nonCanonicalHalves(high)) return this.notCanonical(record);
    if (mode & MODE.aligned && this.misaligned(record, low, high, size)) return 0;
    return this.read(record, low, high, size, (mode & MODE.user ? USER : 0) | (sizeAndIntent & 0x100 ? WRITE : 0));
  }

  /** contract.ts: writeSlow. */
  writeSlow(record: number, size: number): number {
    const { u32 } = this.core;
    const low = u32[at.accessAddress] | 0;
    const mode = u32[at.mode];
    const high = mode & MODE.long ? u32[at.accessAddress + 1] | 0 : 0;
    if (mode & MODE.long && this.core.nonCanonicalHalves(high)) {
      this.notCanonical(record);
      return EXIT.fault;
    }
    if (mode & MODE.aligned && this.misaligned(record, low, high, size)) return EXIT.fault;
    const user = (mode & MODE.user) !== 0;
    const guarded = size > 8 ? 0 : this.lookaside.findGuarded(low, high, size, user);
    if (guarded !== 0) return this.writeGuarded(guarded, low, size, user);
    const access = user ? USER : 0;
    let walked = false;
    if (!this.alone && this.core.board.isWatched && !this.paging.walk(low, high, access | WRITE | PROBE)) {
      if (this.isWatched()) return this.core.raise(record, ALONE);
      walked = (low & 0xfff) + size <= PAGE;
      if (walked) this.paging.settle();
    }
    u32[OUTGOING >>> 2] = u32[at.accessValue];
    u32[(OUTGOING >>> 2) + 1] = u32[at.accessValue + 1];
    if (size === 16) {
      u32[(OUTGOING >>> 2) + 2] = u32[at.accessValue + 2];
      u32[(OUTGOING >>> 2) + 3] = u32[at.accessValue + 3];
    }
    return this.write(record, low, high, size, access, walked);
  }

  /** To a page of code whose translation is known. */
  private writeGuarded(host: number, low: number, size: number, user: boolean): number {
    const { u32, hooks, view } = this.core;
    const value = u32[at.accessValue];
    if (size === 1) this.bytes[host] = value;
    else if (size === 2) view.setUint16(host, value, true);
    else {
      view.setUint32(host, value, true);
      if (size === 8) view.setUint32(host + 4, u32[at.accessValue + 1], true);
    }
    if (!hooks.codeWritten(host - RAM, size)) this.lookaside.dropGuarded(low, user);
    return 0;
  }

  /**
   * Whether the board watches the place of the last walk. A write there is the last of its run: the CPU executes the instruction again,
   * alone.
   */
  private isWatched(): boolean {
    const { physical } = this.paging;
    return this.paging.kindOf(physical) === DEVICE_PAGE && this.core.board.isWatched!(physical);
  }

  private get checksAlignment(): boolean {
    return (this.core.u32[at.mode] & MODE.aligned) !== 0;
  }

  /**
   * #AC (SDM 3, 6.15, "interrupt 17"); of 16 bytes all that are not aligned, as the processors we measured have it. Not where a byte of
   * the operand is not canonical: the access finds that, and it comes first.
   */
  private misaligned(record: number, low: number, high: number, size: number): boolean {
    if ((low & (size - 1)) === 0 || !this.isCanonical(low, high, size)) return false;
    this.core.raise(record, AC, 0);
    return true;
  }

  /** The same for an access that is made in other ways, if alignment is checked now. */
  isMisaligned(record: number, low: number, high: number, size: number): boolean {
    return this.checksAlignment && this.misaligned(record, low, high, size);
  }

  /** An access that hits breakpoints wants to be made alone; then they are noted. 0 or EXIT.fault. */
  noteBreakpoints(record: number, bits: number): number {
    if (bits === 0) return 0;
    if (!this.alone) return this.core.raise(record, ALONE);
    this.debug.note(bits);
    return 0;
  }

  /** Data breakpoints, once an access is known to be allowed. Not for what the processor does by itself. */
  private watched(record: number, low: number, high: number, size: number, write: boolean): number {
    if (!this.debug.watchesData || record === 0) return 0;
    return this.noteBreakpoints(record, this.debug.hit(low, high, size, write));
  }

  /** Whether the present access is by way of SS: by the operand's segment, or what instructions of the stack do besides. */
  private isOnStack(record: number): boolean {
    const { core } = this;
    if (core.segmentOf(record) === SS) return true;
    if (record === 0) return false;
    const { name } = forms[core.view.getUint16(record + fieldOf.form, true)].instruction;
    if (!/^(push|pop|call|ret|enter|leave)/.test(name)) return false;
    const pointer = core.u32[at.registers + 2 * (name === "leave" ? RBP : RSP)];
    return Math.abs((core.u32[at.accessAddress] - pointer) | 0) <= MOST_PUSHED;
  }

  private isCanonical(low: number, high: number, size: number): boolean {
    const { core } = this;
    if (!core.longActive) return true;
    const carry = (low >>> 0) + size - 1 > 0xffff_ffff ? 1 : 0;
    return !core.nonCanonicalHalves(high | 0) && !core.nonCanonicalHalves((high + carry) | 0);
  }

  private notCanonical(record: number): number {
    this.core.raise(record, this.isOnStack(record) ? SSF : GP, 0);
    return 0;
  }

  /** Wasm offset at which `size` bytes can be read, or 0 with a fault raised. WRITE in `access`: check that too. */
  private read(record: number, low: number, high: number, size: number, access: number): number {
    if ((low & 0xfff) + size > PAGE) return this.readCrossing(record, low, high, size, access);
    if (this.walk(record, low, high, access)) return 0;
    if (!(access & IMPLICIT) && this.watched(record, low, high, size, false)) return 0;
    const physical = this.paging.physical;
    const kind = this.paging.kindOf(physical);
    if (kind === DEVICE_PAGE) {
      this.gatherDevice(physical, size);
      return SCRATCH.at;
    }
    this.fill(low, high, access, kind);
    return RAM + physical;
  }

  /** Both pages are walked before a byte is read. */
  private readCrossing(record: number, low: number, high: number, size: number, access: number): number {
    if (this.stepPage(record, low, high) || this.walk(record, low, high, access)) return 0;
    const first = this.paging.physical;
    const second = this.walk(record, this.nextLow, this.nextHigh, access);
    if (second || (!(access & IMPLICIT) && this.watched(record, low, high, size, false))) return 0;
    const split = PAGE - (low & 0xfff);
    for (let i = 0; i < size; i++) {
      this.bytes[SCRATCH.at + i] = this.byteAt(i < split ? first + i : this.paging.physical + i - split);
    }
    return SCRATCH.at;
  }

  /** Writes `size` bytes from OUTGOING. `walked`: the first page was just walked. 0 or EXIT.fault. */
  private write(record: number, low: number, high: number, size: number, access: number, walked = false): number {
    access |= WRITE;
    const inside = (low & 0xfff) + size <= PAGE;
    if (!inside && this.stepPage(record, low, high)) return EXIT.fault;
    if (!walked && this.walk(record, low, high, access)) return EXIT.fault;
    const physical = this.paging.physical;
    if (inside) {
      if (!(access & IMPLICIT) && this.watched(record, low, high, size, true)) return EXIT.fault;
      const kind = this.paging.kindOf(physical);
      if (kind === RAM_PAGE) this.fill(low, high, access, kind);
      this.put(physical, OUTGOING, size);
      return 0;
    }
    if (this.walk(record, this.nextLow, this.nextHigh, access)) return EXIT.fault;
    if (!(access & IMPLICIT) && this.watched(record, low, high, size, true)) return EXIT.fault;
    const split = PAGE - (low & 0xfff);
    const second = this.paging.physical;
    this.put(physical, OUTGOING, split);
    this.put(second, OUTGOING + split, size - split);
    return 0;
  }

  /**
   * Leaves the address of the page after the one of high:low in nextLow, nextHigh; CR2 would show it so. It must be canonical, which
   * is looked at before any walk: the whole operand is checked as one. 0 or EXIT.fault.
   */
  private stepPage(record: number, low: number, high: number): number {
    const { core } = this;
    this.nextLow = ((low & ~0xfff) + PAGE) | 0;
    // Past 4 GiB: on into the next half where addresses have 64 bits, round to 0 where they have 32.
    const carry = this.nextLow === 0 && core.longActive && (high !== 0 || core.long64) ? 1 : 0;
    this.nextHigh = (high + carry) | 0;
    if (!core.longActive || !core.nonCanonicalHalves(this.nextHigh)) return 0;
    return core.raise(record, this.isOnStack(record) ? SSF : GP, 0);
  }

  private walk(record: number, low: number, high: number, access: number): number {
    const code = this.paging.walk(low, high, access);
    return code ? this.core.raisePage(record, low, high, code & 0xff) : 0;
  }

  /** Lets the lookaside know what the last walk found, as far as its invariants allow. */
  private fill(low: number, high: number, access: number, kind: number): void {
    const { paging, lookaside, core } = this;
    if (this.debug.watchesData && this.debug.watchesPage(low, high)) return;
    const user = (access & USER) !== 0;
    const lifted = !user && paging.userPage && (core.u32[at.cr4] & CR4.SMAP) !== 0;
    const { physical, global, shift } = paging;
    lookaside.fill(low, high, physical, user, false, global, shift, lifted, false);
    // What could be written without changing an entry is so the next time.
    if (kind !== RAM_PAGE || !(access & WRITE || (paging.writable && paging.dirty))) return;
    lookaside.fill(low, high, physical, user, true, global, shift, lifted, core.isCodePage(physical));
  }

  /** `size` bytes from a Wasm offset to physical memory, within one page. */
  private put(physical: number, from: number, size: number): void {
    const { core, bytes } = this;
    const kind = this.paging.kindOf(physical);
    if (kind === RAM_PAGE) {
      for (let i = 0; i < size; i++) bytes[RAM + physical + i] = bytes[from + i];
      if (core.isCodePage(physical)) core.hooks.codeWritten(physical, size);
    } else if (kind === DEVICE_PAGE) this.putDevice(physical, from, size);
  }

  private putDevice(physical: number, from: number, size: number): void {
    const { core } = this;
    if (size === 8) core.board.physicalWrite(physical, 8, core.view.getBigUint64(from, true));
    else if (size === 4) core.board.physicalWrite(physical, 4, BigInt(core.view.getUint32(from, true)));
    else if (size === 2) core.board.physicalWrite(physical, 2, BigInt(core.view.getUint16(from, true)));
    else for (let i = 0; i < size; i++) core.board.physicalWrite(physical + i, 1, BigInt(this.bytes[from + i]));
  }

  private gatherDevice(physical: number, size: number): void {
    const { board, view } = this.core;
    if (size === 1 || size === 2 || size === 4 || size === 8) {
      view.setBigUint64(SCRATCH.at, board.physicalRead(physical, size), true);
    } else for (let i = 0; i < size; i++) this.bytes[SCRATCH.at + i] = this.byteAt(physical + i);
  }

  private byteAt(physical: number): number {
    if (this.paging.kindOf(physical) !== DEVICE_PAGE) return this.bytes[RAM + physical];
    return Number(this.core.board.physicalRead(physical, 1));
  }

  // The processor's own accesses. `access`: IMPLICIT for descriptor tables and TSS; 0 or USER for stacks.

  /** Whether that is no canonical address: #SS by way of the operand's segment SS, #GP otherwise (SDM 3, 3.3.7.1). 0 or EXIT.fault. */
  private leaves(record: number, high: number, access: number): number {
    const { core } = this;
    if (!core.longActive || !core.nonCanonicalHalves(high | 0)) return 0;
    const onStack = record !== 0 && !(access & IMPLICIT) && core.segmentOf(record) === SS;
    return core.raise(record, onStack ? SSF : GP, 0);
  }

  /** Wasm offset of `size` readable bytes, or 0 with a fault raised. */
  locate(record: number, low: number, high: number, size: number, access: number): number {
    if (!this.core.longActive) high = 0;
    if (access & USER && this.checksAlignment && this.misaligned(record, low, high, size)) return 0;
    const implicit = (access & IMPLICIT) !== 0;
    const found = this.lookaside.find(low, high, size, (access & USER) !== 0, (access & WRITE) !== 0, implicit);
    if (found) return found;
    return this.leaves(record, high, access) ? 0 : this.read(record, low | 0, high | 0, size, access);
  }

  /** The same at field + offset, for a table whose base is a 64-bit field (`base`: its index in the u32 view). */
  locateIn(record: number, base: number, offset: number, size: number, access = IMPLICIT): number {
    const { u32 } = this.core;
    const low = u32[base] + offset;
    const carry = low > 0xffff_ffff ? 1 : 0;
    return this.locate(record, low | 0, (u32[base + 1] + carry) | 0, size, access);
  }

  /** Writes value halves. 0 or EXIT.fault. */
  store(record: number, low: number, high: number, size: number, valueLow: number, valueHigh: number, access: number) {
    if (!this.core.longActive) high = 0;
    if (access & USER && this.checksAlignment && this.misaligned(record, low, high, size)) return EXIT.fault;
    const found = this.lookaside.find(low, high, size, (access & USER) !== 0, true, (access & IMPLICIT) !== 0);
    if (found) {
      if (size === 8) {
        this.core.view.setUint32(found, valueLow, true);
        this.core.view.setUint32(found + 4, valueHigh, true);
      } else if (size === 4) this.core.view.setUint32(found, valueLow, true);
      else if (size === 2) this.core.view.setUint16(found, valueLow, true);
      else this.core.view.setUint8(found, valueLow);
      return 0;
    }
    if (this.leaves(record, high, access)) return EXIT.fault;
    this.core.u32[OUTGOING >>> 2] = valueLow;
    this.core.u32[(OUTGOING >>> 2) + 1] = valueHigh;
    return this.write(record, low | 0, high | 0, size, access);
  }

  storeIn(record: number, base: number, offset: number, size: number, value: number): number {
    const low = this.core.u32[base] + offset;
    const carry = low > 0xffff_ffff ? 1 : 0;
    return this.store(record, low | 0, (this.core.u32[base + 1] + carry) | 0, size, value, 0, IMPLICIT);
  }

  /** Whether the lookaside allows a write without a walk. */
  knows(low: number, high: number, size: number, access: number): boolean {
    return this.lookaside.find(low, this.core.longActive ? high : 0, size, (access & USER) !== 0, true) !== 0;
  }

  /** Walks every page of a range for writing, so that the writes after it cannot fault. 0 or EXIT.fault. */
  writable(record: number, low: number, high: number, size: number, access: number): number {
    if (!this.core.longActive) high = 0;
    if (this.lookaside.find(low, high, size, (access & USER) !== 0, true)) return 0;
    if (this.leaves(record, high, access)) return EXIT.fault;
    if ((low & 0xfff) + size <= PAGE) return this.walk(record, low | 0, high | 0, access | WRITE);
    if (this.stepPage(record, low, high) || this.walk(record, low | 0, high | 0, access | WRITE)) return EXIT.fault;
    return this.walk(record, this.nextLow, this.nextHigh, access | WRITE);
  }

  /** A quadword of physical memory. */
  readPhysical64(physical: number): bigint {
    const address = this.paging.masked(physical >>> 0);
    if (this.paging.kindOf(address) === DEVICE_PAGE) return this.core.board.physicalRead(address, 8);
    return this.core.view.getBigUint64(RAM + address, true);
  }

  /** contract.ts: fetch. Jumps have looked whether their target is canonical; what runs on out of the lower half faults here. */
  fetch(low: number, high: number, user: boolean): number {
    if (this.core.longActive && this.core.nonCanonicalHalves(high)) {
      this.core.raise(0, GP, 0);
      return -1;
    }
    const access = EXECUTE | (user ? USER : 0);
    return this.walk(0, low, this.core.longActive ? high : 0, access) ? -1 : this.paging.physical;
  }
}
