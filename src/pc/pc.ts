/** The whole computer: CPU, board, firmware and disks, run to exact ticks of virtual time. */
import type { Cpu, CpuSnapshot } from "../engine/board.ts";
import { type CpuConfig, createCpu, type X86Cpu } from "../engine/cpu.ts";
import { CpuState, layout, type FieldName } from "../engine/state.ts";
import { Firmware } from "./bios/firmware.ts";
import type { Plain } from "./device.ts";
import type { TextScreen } from "./devices/vga.ts";
import { Disk } from "./disk.ts";
import { StateHash } from "./hash.ts";
import { Motherboard, type Outputs } from "./motherboard.ts";
import { partReport } from "./report.ts";

export type { TextScreen } from "./devices/vga.ts";
export type { DiskActivity } from "./devices/ata.ts";
export type { Outputs } from "./motherboard.ts";
export { keyNames, keyOf } from "./devices/scancodes.ts";

/** 1 January 2026, 00:00:00 UTC. */
export const DEFAULT_EPOCH = 1_767_225_600;

export interface PcConfig {
  /** Raw image of the first hard disk; copied. */
  readonly disk: Uint8Array;
  /** A second hard disk. */
  readonly secondDisk?: Uint8Array;
  /** 16 to 256; 64 when absent. */
  readonly memoryMiB?: number;
  /** Ticks in a microsecond, 1 to 1000; 100 when absent. */
  readonly mhz?: number;
  /** The CPU offers five-level paging (LA57). */
  readonly levels5?: boolean;
  /** Hot code is compiled as regions; the run is the same, but faster. Off when absent. */
  readonly regions?: CpuConfig["regions"];
  /** Date of power-on in seconds since 1970. */
  readonly epoch?: number;
  readonly outputs?: Outputs;
}

/** The run is over: only a reset, or nothing at all, brings the machine back. */
export type PcEnd =
  | { kind: "poweredOff" }
  /** HLT with interrupts off or all of them masked: nothing can wake it. `reason`: why the firmware found nothing to boot, if that was it. */
  | { kind: "halted"; reason: string | undefined }
  /** A value was written to isa-debug-exit. */
  | { kind: "debugExit"; value: number }
  | { kind: "tripleFault"; report: string }
  | { kind: "unimplemented"; report: string };

export type PcStop =
  | PcEnd
  /** The tick that was asked for is reached. */
  | { kind: "ticks" }
  | { kind: "breakpoint" };

export type PcInput =
  /** A key by its KeyboardEvent.code. */
  | { kind: "key"; code: string; down: boolean }
  /** Bytes as the keyboard sends them (scan code set 2). */
  | { kind: "scancodes"; bytes: readonly number[] }
  | { kind: "serial"; bytes: readonly number[] };

/** What a machine was put together with, besides its disks. */
export interface Settings {
  readonly memoryMiB: number;
  readonly mhz: number;
  readonly levels5: boolean;
  readonly epoch: number;
}

export interface PcState {
  readonly clock: number;
  readonly devices: Readonly<Record<string, Plain>>;
}

export interface PcStatistics {
  readonly instructions: number;
  readonly ticks: number;
  readonly idleTicks: number;
  readonly resets: number;
  /** Returns from the CPU to the board. */
  readonly exits: number;
  /** Accesses to ports where nothing answers, by port in hexadecimal. */
  readonly unknownPorts: Readonly<Record<string, number>>;
}

function checkMemory(memoryMiB: number): number {
  if (!Number.isInteger(memoryMiB) || memoryMiB < 16 || memoryMiB > 256)
    throw new RangeError(`memory is 16 to 256 MiB, not ${String(memoryMiB)}`);
  return memoryMiB;
}

export class Pc {
  readonly cpu: Cpu;
  readonly settings: Settings;
  private readonly processor: X86Cpu;
  readonly board: Motherboard;
  private readonly firmware: Firmware;
  private readonly disks: readonly (Disk | undefined)[];
  private end: PcEnd | undefined;
  private resets = 0;
  private exits = 0;

  constructor(config: PcConfig) {
    const memoryMiB = checkMemory(config.memoryMiB ?? 64);
    const disks = [new Disk(config.disk), config.secondDisk && new Disk(config.secondDisk)];
    this.disks = disks;
    const { mhz = 100, epoch = DEFAULT_EPOCH, outputs = {} } = config;
    this.settings = { memoryMiB, mhz, epoch, levels5: config.levels5 ?? false };
    this.board = new Motherboard({ memoryMiB, mhz, epoch, disks }, outputs);
    this.cpu = this.processor = createCpu({
      memoryMiB,
      board: this.board,
      levels5: config.levels5 ?? false,
      regions: config.regions,
    });
    this.board.now = () => this.cpu.clock;
    this.board.ram = this.cpu.ram;
    this.board.a20Changed = () => this.cpu.flushCaches();
    this.firmware = new Firmware(this.cpu, this.board);
    this.board.firmwareCall = () => this.firmware.call();
    this.firmware.install();
    this.board.rescheduleAll();
  }

  /** Ticks since power-on. */
  get clock(): number {
    return this.cpu.clock;
  }

  /** The tick of the next thing a part does by itself: the longest that HLT can last without input. */
  get nextEvent(): number {
    return this.board.nextEvent;
  }

  /** Why the run is over; undefined while the machine can go on. */
  get stopped(): PcEnd | undefined {
    return this.end;
  }

  /** Physical address of Herald's trace ring; 0 before the guest told it. */
  get traceRing(): number {
    return this.board.doorbell.ring;
  }

  /** Runs CPU and parts until the clock is exactly `until`, or something ends it earlier. */
  run(until: number): PcStop {
    for (;;) {
      if (this.end) return this.end;
      this.board.advance();
      if (this.board.stop) return this.finish(this.board.stop);
      if (this.board.resetRequested) this.reset();
      if (this.cpu.clock >= until) return { kind: "ticks" };
      const target = Math.min(until, this.board.nextEvent);
      const reason = this.cpu.run(target);
      this.exits++;
      if (reason.kind === "breakpoint") return reason;
      if (reason.kind === "ticks" || reason.kind === "attention") continue;
      if (reason.kind !== "halted") return this.finish(this.board.stop ?? reason);
      // A part that ends the run, or a reset, comes before the HLT that follows it.
      if (this.board.stop || this.board.resetRequested) continue;
      if (reason.forever || !this.board.wakeable) return this.finish({ kind: "halted", reason: this.board.bootDefect });
      this.cpu.skip(target);
    }
  }

  private finish(end: PcEnd): PcEnd {
    const byPart = end === this.board.stop && end.kind === "unimplemented";
    this.end = byPart ? { kind: "unimplemented", report: partReport(this.cpu, end.report) } : end;
    this.board.stop = undefined;
    return this.end;
  }

  /** Applied at the present tick. False when the machine could not take it: it is off, or the keyboard's buffer is full. */
  input(input: PcInput): boolean {
    if (this.end) return false;
    let taken = true;
    if (input.kind === "serial") this.board.serial.receive(input.bytes);
    else if (input.kind === "key") taken = this.board.keyboard.key(input.code, input.down);
    else taken = this.board.keyboard.scancodes(input.bytes);
    this.board.rescheduleAll();
    return taken;
  }

  /** Keyboard bytes that the guest has not taken yet: a patient typist waits until there are none. */
  get pendingKeys(): number {
    return this.board.keyboard.pending;
  }

  /** The RESET line: CPU and parts start again, memory and the clock stay. What is off stays off. */
  reset(): void {
    if (this.end?.kind === "poweredOff") return;
    this.end = undefined;
    this.resets++;
    this.board.bootDefect = undefined;
    this.board.reset();
    this.cpu.reset();
  }

  /** The plug. Only a new Pc starts again. */
  powerOff(): void {
    this.end = { kind: "poweredOff" };
  }

  screen(): TextScreen {
    return this.board.vga.screen(this.cpu.ram);
  }

  snapshot(): CpuSnapshot {
    return this.cpu.snapshot();
  }

  /** One number for everything the guest could see: registers, memory, parts, disks and clock. */
  hash(): string {
    const hash = new StateHash();
    const state = new CpuState(this.cpu.memory);
    for (const [name, field] of Object.entries(layout)) {
      if (!field.architectural) continue;
      hash.text(name);
      for (let index = 0; index < field.count; index++) hashField(hash, state, name as FieldName, index);
    }
    for (const image of this.imageHashes) hash.text(image);
    return hash.plain(this.cpu.clock).bytes(this.cpu.ram).plain(this.board.save()).plain(this.end).digest();
  }

  /** The parts, and the tick at which they are as they are. The CPU's state and memory are the recorder's to keep. */
  save(): PcState {
    return { clock: this.cpu.clock, devices: { ...this.board.save(), end: this.end } };
  }

  /** The CPU's clock must already be the one saved. */
  restore(state: PcState): void {
    if (this.cpu.clock !== state.clock)
      throw new Error(`the parts were saved at tick ${state.clock}, the CPU is at ${this.cpu.clock}`);
    this.board.restore(state.devices);
    this.end = state.devices.end as PcEnd | undefined;
  }

  /** Goes on where another machine stood: its CPU's fields and memory are in place already. */
  resume(state: PcState, idleTicks: number): void {
    this.processor.restoreClock(state.clock, idleTicks);
    this.restore(state);
    this.processor.flushCaches();
  }

  /** Hashes of the disk images; "" where there is no disk. */
  get imageHashes(): readonly string[] {
    return this.disks.map((disk) => disk?.imageHash ?? "");
  }

  statistics(): PcStatistics {
    const { clock, idleTicks } = this.cpu;
    const ports = [...this.board.unknownPorts].sort(([a], [b]) => a - b);
    return {
      instructions: clock - idleTicks,
      ticks: clock,
      idleTicks,
      resets: this.resets,
      exits: this.exits,
      unknownPorts: Object.fromEntries(ports.map(([port, count]) => [`0x${port.toString(16)}`, count])),
    };
  }
}

/** The arithmetic flags are kept in a form that differs between equal states: they count as the flags they mean. */
function hashField(hash: StateHash, state: CpuState, name: FieldName, index: number): void {
  if (name === "zeroSource") hash.word(state.get64(name) === 0n ? 1 : 0);
  else if (name === "signSource") {
    const source = state.get64(name);
    let parity = Number(source & 0xffn);
    parity ^= parity >> 4;
    hash.word(source >> 63n ? 1 : 0).word((0x6996 >> (parity & 15)) & 1);
  } else if (layout[name].type === "u64") {
    const value = state.get64(name, index);
    hash.word(Number(value & 0xffffffffn) | 0).word(Number(value >> 32n) | 0);
  } else hash.word(state.get32(name, index));
}

/** The characters of a text screen, line by line without trailing blanks. Code page 437 below 128 is ASCII. */
export function screenText({ columns, rows, cells }: Pick<TextScreen, "columns" | "rows" | "cells">): string {
  const lines = Array.from({ length: rows }, (_, row) => {
    const codes = Array.from(cells.subarray(row * columns, (row + 1) * columns), (cell) => cell & 0xff);
    return codes
      .map((code) => CODE_PAGE_437[code])
      .join("")
      .trimEnd();
  });
  return lines.join("\n").trimEnd();
}

const CODE_PAGE_437 =
  " ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼" +
  " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~⌂" +
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌" +
  "█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ";
