/**
 * An ATA channel with up to two disks, programmed I/O (ATA/ATAPI-6, T13/1410D). Primary: 1F0h-1F7h, 3F6h, IRQ 14.
 *
 *   +0 data (16 or 32 bits)   +1 R error, W features   +2 count   +3 LBA 7:0   +4 LBA 15:8   +5 LBA 23:16
 *   +6 device: 6 LBA, 4 drive, 3-0 LBA 27:24           +7 R status (clears the interrupt), W command
 *   3F6 R alternate status, W device control: 7 HOB (show the previous register values), 2 SRST, 1 nIEN
 *
 * Registers 1 to 5 are two deep for the 48-bit commands. A command is busy for COMMAND_US of virtual time, then transfers a block
 * (one sector, or as many as SET MULTIPLE MODE said) at a time.
 */
import { Device, type Host, type PortDevice, type Width } from "../device.ts";
import { SECTOR, type Disk, type DiskState } from "../disk.ts";

const COMMAND_US = 5;
const STATUS = { busy: 0x80, ready: 0x40, fault: 0x20, seekComplete: 0x10, request: 0x08, error: 0x01 } as const;
const ERROR = { abort: 0x04, notFound: 0x10 } as const;
const CONTROL = { hob: 0x80, reset: 0x04, noInterrupt: 0x02 } as const;
const MAX_MULTIPLE = 16;

interface Transfer {
  direction: "in" | "out";
  addressing: "chs" | "lba28" | "lba48";
  lba: number;
  /** Sectors not yet begun. */
  left: number;
  /** Sectors in a block between two interrupts. */
  block: number;
  buffer: Uint8Array;
  position: number;
  /** IDENTIFY: the buffer is not from the medium. */
  medium: boolean;
}

interface Registers {
  features: number[];
  count: number[];
  low: number[];
  mid: number[];
  high: number[];
}

interface State {
  /** Each of the two-deep registers: newest value first. */
  registers: Registers;
  device: number;
  control: number;
  status: number;
  error: number;
  interrupt: boolean;
  transfer: Transfer | undefined;
  /** When the command that is busy gets on, and what it does then. */
  busyUntil: number;
  afterBusy: "none" | "block" | "written" | "done" | "error" | "diagnosed";
  afterError: number;
  multiple: number[];
  disks: (DiskState | undefined)[];
}

const initial = (): State => ({
  registers: { features: [0, 0], count: [1, 0], low: [1, 0], mid: [0, 0], high: [0, 0] },
  device: 0,
  control: 0,
  status: STATUS.ready | STATUS.seekComplete,
  error: 1,
  interrupt: false,
  transfer: undefined,
  busyUntil: Infinity,
  afterBusy: "none",
  afterError: 0,
  multiple: [MAX_MULTIPLE, MAX_MULTIPLE],
  disks: [],
});

export interface DiskActivity {
  readonly drive: number;
  readonly write: boolean;
  readonly lba: number;
  readonly sectors: number;
}

export class Ata extends Device<State> implements PortDevice {
  readonly name: string;
  protected state = initial();

  constructor(
    private readonly host: Host,
    private readonly irq: number,
    readonly drives: readonly (Disk | undefined)[],
    private readonly activity: (what: DiskActivity) => void,
    name = "ata",
  ) {
    super();
    this.name = name;
  }

  reset(): void {
    this.state = initial();
    this.update();
  }

  override save(): State {
    return { ...super.save(), disks: this.drives.map((disk) => disk?.save()) };
  }

  override restore(state: State): void {
    super.restore({ ...state, disks: [] });
    this.drives.forEach((disk, index) => {
      const saved = state.disks[index];
      if (disk && saved) disk.restore(saved);
    });
  }

  override get nextEvent(): number {
    return this.state.busyUntil;
  }

  override advance(now: number): void {
    if (now < this.state.busyUntil) return;
    const { state } = this;
    state.busyUntil = Infinity;
    state.status = STATUS.ready | STATUS.seekComplete;
    const next = state.afterBusy;
    state.afterBusy = "none";
    if (next === "block") this.nextBlock();
    else if (next === "error") this.fail(state.afterError);
    else if (next === "written") this.blockWritten();
    else if (next === "diagnosed") this.signature();
    if (next !== "none" && next !== "error" && next !== "block" && next !== "written") this.raise();
  }

  readPort(port: number, width: Width): number {
    const { state } = this;
    const present = this.drive() !== undefined;
    if ((port & 0x206) === 0x206) return present ? state.status : 0;
    if ((port & 7) === 0) return this.readData(width);
    const none = this.drives.every((drive) => drive === undefined);
    if (none || (!present && (port & 7) !== 6)) return 0;
    const depth = state.control & CONTROL.hob ? 1 : 0;
    switch (port & 7) {
      case 1:
        return depth ? state.registers.features[1] : state.error;
      case 2:
        return state.registers.count[depth];
      case 3:
        return state.registers.low[depth];
      case 4:
        return state.registers.mid[depth];
      case 5:
        return state.registers.high[depth];
      case 6:
        return state.device | 0xa0;
      default:
        state.interrupt = false;
        this.update();
        return state.status;
    }
  }

  writePort(port: number, width: Width, value: number): void {
    const { state } = this;
    if ((port & 0x206) === 0x206) {
      this.deviceControl(value);
      return;
    }
    const register = port & 7;
    if (register === 0) {
      this.writeData(width, value);
      return;
    }
    state.control &= ~CONTROL.hob;
    if (state.status & STATUS.busy) return;
    if (register === 6) state.device = value;
    else if (register === 7) this.command(value);
    else {
      const deep = state.registers[(["features", "count", "low", "mid", "high"] as const)[register - 1]];
      deep[1] = deep[0];
      deep[0] = value;
    }
  }

  private drive(): Disk | undefined {
    return this.drives[this.unit()];
  }

  private unit(): number {
    return (this.state.device >> 4) & 1;
  }

  private update(): void {
    this.host.setIrq(this.irq, this.state.interrupt && !(this.state.control & CONTROL.noInterrupt));
  }

  private raise(): void {
    this.state.interrupt = true;
    this.update();
  }

  /** SRST holds the disks in reset while it is set; they show their signature when it falls (9.2). */
  private deviceControl(value: number): void {
    const { state } = this;
    const was = state.control;
    state.control = value;
    if (value & CONTROL.reset) {
      state.status = STATUS.busy;
      state.busyUntil = Infinity;
      state.transfer = undefined;
      state.interrupt = false;
    } else if (was & CONTROL.reset) {
      state.status = STATUS.ready | STATUS.seekComplete;
      state.device = 0;
      this.signature();
    }
    this.update();
  }

  private signature(): void {
    const { state } = this;
    state.error = 1;
    Object.assign(state.registers, { count: [1, 0], low: [1, 0], mid: [0, 0], high: [0, 0] });
  }

  private busy(after: State["afterBusy"]): void {
    this.state.status = STATUS.busy;
    this.state.afterBusy = after;
    this.state.busyUntil = this.host.now() + this.host.clock.microseconds(COMMAND_US);
  }

  private fail(error: number): void {
    this.state.error = error;
    this.state.status = STATUS.ready | STATUS.seekComplete | STATUS.error;
    this.state.transfer = undefined;
    this.raise();
  }

  private refuse(error: number): void {
    this.state.afterError = error;
    this.busy("error");
  }

  private command(command: number): void {
    const { state } = this;
    state.interrupt = false;
    this.update();
    if (command !== 0x90 && !this.drive()) return;
    state.error = 0;
    state.transfer = undefined;
    switch (command) {
      case 0x20:
      case 0x21:
        return this.begin("in", false, 1);
      case 0x24:
        return this.begin("in", true, 1);
      case 0x29:
        return this.begin("in", true, this.state.multiple[this.unit()]);
      case 0xc4:
        return this.begin("in", false, this.state.multiple[this.unit()]);
      case 0x30:
      case 0x31:
        return this.begin("out", false, 1);
      case 0x34:
        return this.begin("out", true, 1);
      case 0x39:
        return this.begin("out", true, this.state.multiple[this.unit()]);
      case 0xc5:
        return this.begin("out", false, this.state.multiple[this.unit()]);
      case 0x40:
      case 0x41:
        return this.verify(false);
      case 0x42:
        return this.verify(true);
      case 0xc6:
        return this.setMultiple();
      case 0xec:
        state.transfer = this.single(this.identify());
        return this.busy("block");
      case 0x27:
      case 0xf8:
        return this.nativeMax(command === 0x27);
      case 0x90:
        return this.busy("diagnosed");
      case 0xef:
        return this.setFeatures();
      case 0xe5:
        // CHECK POWER MODE: active.
        state.registers.count[0] = 0xff;
        return this.busy("done");
      case 0x91:
      case 0xe0:
      case 0xe1:
      case 0xe2:
      case 0xe3:
      case 0xe7:
      case 0xea:
        return this.busy("done");
    }
    // RECALIBRATE 1xh and SEEK 7xh have nothing to move; everything else, DMA and packets too, is not offered by IDENTIFY.
    if (command >> 4 === 1 || command >> 4 === 7) this.busy("done");
    else this.refuse(ERROR.abort);
  }

  /** Transfer modes: PIO only (8.46). Caches and look-ahead may be switched, they have no effect that can be seen. */
  private setFeatures(): void {
    const { features, count } = this.state.registers;
    const known = [0x02, 0x82, 0x55, 0xaa, 0x66, 0xcc].includes(features[0]);
    const pioMode = features[0] === 0x03 && count[0] <= 0x0f;
    if (known || pioMode) this.busy("done");
    else this.refuse(ERROR.abort);
  }

  private setMultiple(): void {
    const count = this.state.registers.count[0];
    const valid = count <= MAX_MULTIPLE && (count & (count - 1)) === 0;
    if (!valid) return this.refuse(ERROR.abort);
    this.state.multiple[this.unit()] = count;
    this.busy("done");
  }

  /** First sector and number of sectors the registers ask for; undefined when they lie outside the disk. */
  private range(extended: boolean): { lba: number; sectors: number } | undefined {
    const { count, low, mid, high } = this.state.registers;
    const disk = this.drive()!;
    const sectors = extended ? count[0] | (count[1] << 8) || 65536 : count[0] || 256;
    const lower = low[0] | (mid[0] << 8) | (high[0] << 16);
    let lba: number;
    if (extended) lba = lower + (low[1] | (mid[1] << 8) | (high[1] << 16)) * 0x1000000;
    else if (this.state.device & 0x40) lba = lower + (this.state.device & 15) * 0x1000000;
    else {
      const { heads, sectors: perTrack } = disk.geometry;
      if (low[0] === 0) return undefined;
      lba = ((mid[0] | (high[0] << 8)) * heads + (this.state.device & 15)) * perTrack + low[0] - 1;
    }
    return lba + sectors <= disk.sectors ? { lba, sectors } : undefined;
  }

  private begin(direction: "in" | "out", extended: boolean, block: number): void {
    const range = this.range(extended);
    if (block === 0) return this.refuse(ERROR.abort);
    if (!range) return this.refuse(ERROR.notFound);
    const write = direction === "out";
    this.activity({ drive: this.unit(), write, ...range });
    const { lba, sectors: left } = range;
    const addressing = extended ? "lba48" : this.state.device & 0x40 ? "lba28" : "chs";
    const buffer = new Uint8Array(0);
    this.state.transfer = { direction, addressing, lba, left, block, buffer, position: 0, medium: true };
    if (write) this.nextBlock();
    else this.busy("block");
  }

  private verify(extended: boolean): void {
    if (this.range(extended)) this.busy("done");
    else this.refuse(ERROR.notFound);
  }

  private nativeMax(extended: boolean): void {
    const last = this.drive()!.sectors - 1;
    const { registers } = this.state;
    registers.low[0] = last & 0xff;
    registers.mid[0] = (last >> 8) & 0xff;
    registers.high[0] = (last >> 16) & 0xff;
    if (extended) registers.low[1] = (last >>> 24) & 0xff;
    else this.state.device = (this.state.device & 0xf0) | ((last >>> 24) & 15);
    this.busy("done");
  }

  private single(buffer: Uint8Array): Transfer {
    return { direction: "in", addressing: "lba28", lba: 0, left: 1, block: 1, buffer, position: 0, medium: false };
  }

  /** Offers the next block for transfer. Reading: data are ready, with an interrupt. Writing: the first comes without one. */
  private nextBlock(): void {
    const { state } = this;
    const transfer = state.transfer!;
    const sectors = Math.min(transfer.block, transfer.left);
    if (transfer.medium) {
      transfer.buffer = new Uint8Array(sectors * SECTOR);
      if (transfer.direction === "in")
        for (let index = 0; index < sectors; index++)
          transfer.buffer.set(this.drive()!.read(transfer.lba + index), index * SECTOR);
    }
    transfer.position = 0;
    transfer.left -= sectors;
    state.status = STATUS.ready | STATUS.seekComplete | STATUS.request;
    if (transfer.direction === "in") this.raise();
  }

  /** A block has been received and is on the medium: interrupt, and the next one may come. */
  private blockWritten(): void {
    const { state } = this;
    const transfer = state.transfer!;
    for (let at = 0; at < transfer.buffer.length; at += SECTOR)
      this.drive()!.write(transfer.lba++, transfer.buffer.subarray(at, at + SECTOR));
    this.showProgress(transfer);
    if (transfer.left > 0) this.nextBlock();
    else state.transfer = undefined;
    this.raise();
  }

  private readData(width: Width): number {
    const transfer = this.state.transfer;
    if (!transfer || transfer.direction !== "in" || !(this.state.status & STATUS.request)) return 0;
    let value = 0;
    for (let index = 0; index < width; index++)
      value |= (transfer.buffer[transfer.position + index] ?? 0) << (8 * index);
    transfer.position += width;
    if (transfer.position >= transfer.buffer.length) {
      transfer.lba += transfer.buffer.length / SECTOR;
      if (transfer.medium) this.showProgress(transfer);
      if (transfer.left > 0) this.busy("block");
      else this.finish();
    }
    return value >>> 0;
  }

  private writeData(width: Width, value: number): void {
    const transfer = this.state.transfer;
    if (!transfer || transfer.direction !== "out" || !(this.state.status & STATUS.request)) return;
    for (let index = 0; index < width && transfer.position < transfer.buffer.length; index++)
      transfer.buffer[transfer.position++] = value >>> (8 * index);
    if (transfer.position >= transfer.buffer.length) this.busy("written");
  }

  /** The registers count on with the transfer: the next sector, and how many are left. */
  private showProgress({ addressing, lba, left }: Transfer): void {
    const { registers } = this.state;
    const { heads, sectors } = this.drive()!.geometry;
    const track = Math.floor(lba / sectors);
    const chs = (lba % sectors) + 1 + Math.floor(track / heads) * 0x100;
    const low = addressing === "chs" ? chs : lba % 0x1000000;
    registers.count[0] = left & 0xff;
    registers.low[0] = low & 0xff;
    registers.mid[0] = (low >> 8) & 0xff;
    registers.high[0] = (low >> 16) & 0xff;
    if (addressing === "lba48") {
      const high = Math.floor(lba / 0x1000000);
      registers.count[1] = left >> 8;
      registers.low[1] = high & 0xff;
      registers.mid[1] = (high >> 8) & 0xff;
      registers.high[1] = (high >> 16) & 0xff;
    } else {
      const bits = addressing === "chs" ? track % heads : (lba >>> 24) & 15;
      this.state.device = (this.state.device & 0xf0) | bits;
    }
  }

  private finish(): void {
    this.state.transfer = undefined;
    this.state.status = STATUS.ready | STATUS.seekComplete;
  }

  /** IDENTIFY DEVICE data (8.15): LBA28 and LBA48, PIO mode 4, no DMA. */
  private identify(): Uint8Array {
    const disk = this.drive()!;
    const { cylinders, heads, sectors } = disk.geometry;
    const words = new Uint16Array(256);
    const chs = cylinders * heads * sectors;
    const lba28 = Math.min(disk.sectors, 0x0fffffff);
    const set32 = (at: number, value: number) => words.set([value & 0xffff, value >>> 16], at);
    words.set([0x0040, cylinders, 0, heads, 0, 0, sectors]);
    text(words, 10, 20, `VITRINE-${this.unit()}`);
    text(words, 23, 8, "1.0");
    text(words, 27, 40, "Vitrine disk");
    words[47] = 0x8000 | MAX_MULTIPLE;
    words[48] = 1;
    words[49] = 0x0a00;
    words[51] = 0x0200;
    words[53] = 3;
    words.set([cylinders, heads, sectors], 54);
    set32(57, chs);
    const multiple = this.state.multiple[this.unit()];
    words[59] = multiple ? 0x100 | multiple : 0;
    set32(60, lba28);
    words[64] = 3;
    words[67] = words[68] = 120;
    words[80] = 0x70;
    // 82/85: NOP not, write cache and look-ahead yes. 83/86: 48-bit, FLUSH CACHE (EXT).
    words[82] = words[85] = 0x0060;
    words[83] = words[86] = 0x7400;
    words[84] = words[87] = 0x4000;
    words[93] = 0x6001;
    set32(100, disk.sectors);
    return new Uint8Array(words.buffer);
  }
}

/** ATA strings have their bytes swapped in each word (3.2.7). */
function text(words: Uint16Array, at: number, length: number, value: string): void {
  const padded = value.padEnd(length);
  for (let index = 0; index < length / 2; index++)
    words[at + index] = (padded.charCodeAt(2 * index) << 8) | padded.charCodeAt(2 * index + 1);
}
