/** What the firmware sees of the machine: the registers and memory of the program that called it, and the parts on the board. */
import type { Cpu } from "../../engine/board.ts";
import { CpuState, layout } from "../../engine/state.ts";
import type { Ata, DiskActivity } from "../devices/ata.ts";
import type { I8042 } from "../devices/i8042.ts";
import type { Mc146818 } from "../devices/mc146818.ts";
import type { Vga } from "../devices/vga.ts";
import type { Width } from "../device.ts";
import { BDA_BASE } from "./bda.ts";

const REGISTER = { ax: 0, cx: 1, dx: 2, bx: 3, sp: 4, bp: 5, si: 6, di: 7 } as const;
const SEGMENT = { es: 0, cs: 1, ss: 2, ds: 3 } as const;
/** Places in the u32 view. */
const REGISTERS = layout.registers.offset >>> 2;
const BASES = layout.segmentBase.offset >>> 2;
const CR0 = layout.cr0.offset >>> 2;
/** Places in the CPU's array of them. */
const MTRR = { variable: 0, fixed: 16, default: 27 } as const;
export type RegisterName = keyof typeof REGISTER;
export type SegmentName = keyof typeof SEGMENT;

export const FLAG = { carry: 0x01, zero: 0x40 } as const;

/** Parts that the firmware talks to directly. */
export interface Board {
  readonly memoryBytes: number;
  readonly ata: Ata;
  readonly keyboard: I8042;
  readonly rtc: Mc146818;
  readonly vga: Vga;
  a20: boolean;
  portRead(port: number, width: Width): number;
  portWrite(port: number, width: Width, value: number): void;
  pageKind(address: number): "ram" | "rom" | "device";
  requestReset(): void;
  diskActivity(what: DiskActivity): void;
  bootFailed(reason: string): void;
}

export class Guest {
  private readonly state: CpuState;
  private readonly u32: Uint32Array;

  constructor(
    private readonly cpu: Cpu,
    readonly board: Board,
  ) {
    this.state = new CpuState(cpu.memory);
    this.u32 = this.state.u32;
  }

  get16(name: RegisterName): number {
    return this.u32[REGISTERS + 2 * REGISTER[name]] & 0xffff;
  }

  get32(name: RegisterName): number {
    return this.u32[REGISTERS + 2 * REGISTER[name]];
  }

  /** Writes the low 16 bits only, as 16-bit code would. */
  set16(name: RegisterName, value: number): void {
    const at = REGISTERS + 2 * REGISTER[name];
    this.u32[at] = (this.u32[at] & 0xffff_0000) | (value & 0xffff);
  }

  /** Leaves the upper half of the 64 bits alone. */
  set32(name: RegisterName, value: number): void {
    this.u32[REGISTERS + 2 * REGISTER[name]] = value;
  }

  low(name: RegisterName): number {
    return this.get16(name) & 0xff;
  }

  high(name: RegisterName): number {
    return this.get16(name) >> 8;
  }

  setLow(name: RegisterName, value: number): void {
    this.set16(name, (this.get16(name) & 0xff00) | (value & 0xff));
  }

  setHigh(name: RegisterName, value: number): void {
    this.set16(name, (this.get16(name) & 0xff) | ((value & 0xff) << 8));
  }

  /** Loads a data segment register as real mode does. */
  setSegment(name: SegmentName, value: number): void {
    this.state.set32("selector", value, SEGMENT[name]);
    this.state.set64("segmentBase", BigInt(value * 16), SEGMENT[name]);
  }

  /** Linear address of segment:offset. */
  linear(name: SegmentName, offset: number): number {
    return this.u32[BASES + 2 * SEGMENT[name]] + (offset & 0xffff);
  }

  /** Variable MTRRs (base and mask in turn), fixed ones from the lowest address on, the default type. */
  setMtrr(which: keyof typeof MTRR, index: number, value: bigint): void {
    this.state.set64("mtrrs", value, MTRR[which] + index);
  }

  /** The service number the entry point pushed. */
  get service(): number {
    return this.read16(this.linear("ss", this.get16("sp")));
  }

  /** Changes flags in the frame of the INT instruction: behind the service number, IP and CS. */
  setFlags(mask: number, value: number): void {
    const address = this.linear("ss", this.get16("sp") + 6);
    this.write16(address, (this.read16(address) & ~mask) | (value & mask));
  }

  set carry(on: boolean) {
    this.setFlags(FLAG.carry, on ? FLAG.carry : 0);
  }

  /** The INT instruction came from virtual-8086 mode or with paging: addresses go through the page tables. */
  private physical(linear: number, write: boolean): number | undefined {
    if (this.u32[CR0] >>> 31 === 0) return this.board.a20 ? linear : linear & ~0x100000;
    return this.cpu.translate(BigInt(linear), write ? "write" : "read", false);
  }

  read8(linear: number): number {
    const address = this.physical(linear, false);
    return address !== undefined && address < this.board.memoryBytes ? this.cpu.ram[address] : 0xff;
  }

  read16(linear: number): number {
    return this.read8(linear) | (this.read8(linear + 1) << 8);
  }

  read32(linear: number): number {
    return (this.read16(linear) | (this.read16(linear + 2) << 16)) >>> 0;
  }

  write8(linear: number, value: number): void {
    const address = this.physical(linear, true);
    if (address === undefined || this.board.pageKind(address) !== "ram") return;
    this.cpu.ram[address] = value;
    this.cpu.memoryChanged(address, 1);
  }

  write16(linear: number, value: number): void {
    this.write8(linear, value);
    this.write8(linear + 1, value >> 8);
  }

  write32(linear: number, value: number): void {
    this.write16(linear, value);
    this.write16(linear + 2, value >>> 16);
  }

  /** Copies into guest memory page by page; what is not RAM swallows its part. */
  writeBytes(linear: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      const length = Math.min(bytes.length - done, 0x1000 - ((linear + done) & 0xfff));
      const address = this.physical(linear + done, true);
      if (address !== undefined && this.board.pageKind(address) === "ram") {
        this.cpu.ram.set(bytes.subarray(done, done + length), address);
        this.cpu.memoryChanged(address, length);
      }
      done += length;
    }
  }

  readBytes(linear: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length).fill(0xff);
    for (let done = 0; done < length;) {
      const count = Math.min(length - done, 0x1000 - ((linear + done) & 0xfff));
      const address = this.physical(linear + done, false);
      if (address !== undefined && address < this.board.memoryBytes)
        bytes.set(this.cpu.ram.subarray(address, address + count), done);
      done += count;
    }
    return bytes;
  }

  bda8(offset: number): number {
    return this.read8(BDA_BASE + offset);
  }

  bda16(offset: number): number {
    return this.read16(BDA_BASE + offset);
  }

  setBda8(offset: number, value: number): void {
    this.write8(BDA_BASE + offset, value);
  }

  setBda16(offset: number, value: number): void {
    this.write16(BDA_BASE + offset, value);
  }
}
