/**
 * The two 8259A interrupt controllers of a PC, cascaded through IR2 of the first (Intel 231468-003; PIIX4 for ELCR).
 *
 *   20h/A0h  W  bit 4 set: ICW1 (begins initialisation); bits 4,3 = 01: OCW3; 00: OCW2
 *            R  IRR or ISR as OCW3 chose; in poll mode the poll byte
 *   21h/A1h  W  ICW2, ICW3, ICW4 in turn after ICW1; otherwise OCW1, the mask
 *            R  the mask
 *   4D0h/4D1h   ELCR: bit set = IR level-triggered (lines 0, 1, 2, 8, 13 are always edge)
 *
 * Deviation: an edge stays latched when the line falls before INTA, as in QEMU; the real part would answer with IR7.
 */
import { Device, type PortDevice, type Width } from "../device.ts";

interface Chip {
  irr: number;
  imr: number;
  isr: number;
  /** Levels of the lines, to see edges. */
  lines: number;
  elcr: number;
  base: number;
  /** Which ICW the next write to the odd port is; 0: none, it is OCW1. */
  expectIcw: number;
  icw4Follows: boolean;
  single: boolean;
  autoEoi: boolean;
  rotateOnAutoEoi: boolean;
  specialMask: boolean;
  fullyNested: boolean;
  poll: boolean;
  readIsr: boolean;
  /** The line that has the highest priority now. */
  first: number;
}

const MASTER = 0;
const SLAVE = 1;
const CASCADE = 2;
const ELCR_MASK = [0xf8, 0xde];

const idle = (): Chip => ({
  irr: 0,
  imr: 0,
  isr: 0,
  lines: 0,
  elcr: 0,
  base: 0,
  expectIcw: 0,
  icw4Follows: false,
  single: false,
  autoEoi: false,
  rotateOnAutoEoi: false,
  specialMask: false,
  fullyNested: false,
  poll: false,
  readIsr: false,
  first: 0,
});

export class I8259 extends Device<{ chips: Chip[] }> implements PortDevice {
  readonly name = "i8259";
  protected state = { chips: [idle(), idle()] };
  /** The INTR line to the CPU. Derived from the chips. */
  intr = false;

  constructor(private readonly unimplemented: (report: string) => void) {
    super();
  }

  reset(): void {
    this.state = { chips: [idle(), idle()] };
    this.update();
  }

  override restore(state: { chips: Chip[] }): void {
    super.restore(state);
    this.intr = highest(this.state.chips[MASTER], true) >= 0;
  }

  /** Whether any line can get through to the CPU as the masks are. */
  get open(): boolean {
    return this.state.chips[MASTER].imr !== 0xff;
  }

  setIrq(line: number, level: boolean): void {
    this.setLine(line >> 3, line & 7, level);
    this.update();
  }

  /** The INTA cycle: which vector, and the request becomes "in service". */
  acknowledge(): number {
    const [master, slave] = this.state.chips;
    const line = highest(master, true);
    // A request that went away before INTA: IR7 without an in-service bit (data sheet, "spurious").
    if (line < 0) return master.base + 7;
    let vector = master.base + line;
    if (line === CASCADE) {
      const from = highest(slave, false);
      if (from >= 0) accept(slave, from);
      vector = slave.base + (from < 0 ? 7 : from);
    }
    accept(master, line);
    this.update();
    return vector;
  }

  readPort(port: number, _width: Width): number {
    if (port >= 0x4d0) return this.state.chips[port - 0x4d0].elcr;
    const number = port >= 0xa0 ? SLAVE : MASTER;
    const chip = this.state.chips[number];
    if (chip.poll) {
      chip.poll = false;
      const line = highest(chip, number === MASTER);
      if (line >= 0) accept(chip, line);
      this.update();
      return line >= 0 ? 0x80 | line : 0;
    }
    if (port & 1) return chip.imr;
    return chip.readIsr ? chip.isr : chip.irr;
  }

  writePort(port: number, _width: Width, value: number): void {
    if (port >= 0x4d0) this.state.chips[port - 0x4d0].elcr = value & ELCR_MASK[port - 0x4d0];
    else {
      const chip = this.state.chips[port >= 0xa0 ? SLAVE : MASTER];
      if (port & 1) this.writeOdd(chip, value);
      else if (value & 0x10) this.initialise(chip, value);
      else if (value & 0x08) operationControl3(chip, value);
      else operationControl2(chip, value);
    }
    this.update();
  }

  /** ICW1 clears mask, service and the edge latches; level requests stay as their lines are. */
  private initialise(chip: Chip, icw1: number): void {
    const { elcr, lines, irr, base } = chip;
    Object.assign(chip, idle(), { elcr, lines, base, irr: irr & elcr });
    chip.expectIcw = 2;
    chip.icw4Follows = (icw1 & 1) !== 0;
    chip.single = (icw1 & 2) !== 0;
    if (!chip.icw4Follows) this.unimplemented("8259: ICW1 without ICW4 asks for MCS-80/85 mode");
  }

  private writeOdd(chip: Chip, value: number): void {
    const afterIcw3 = chip.icw4Follows ? 4 : 0;
    switch (chip.expectIcw) {
      case 2:
        chip.base = value & 0xf8;
        chip.expectIcw = chip.single ? afterIcw3 : 3;
        break;
      case 3:
        chip.expectIcw = afterIcw3;
        break;
      case 4:
        chip.fullyNested = (value & 0x10) !== 0;
        chip.autoEoi = (value & 2) !== 0;
        chip.expectIcw = 0;
        break;
      default:
        chip.imr = value;
    }
  }

  private setLine(number: number, line: number, level: boolean): void {
    const chip = this.state.chips[number];
    const bit = 1 << line;
    if (chip.elcr & bit) chip.irr = level ? chip.irr | bit : chip.irr & ~bit;
    else if (level && !(chip.lines & bit)) chip.irr |= bit;
    chip.lines = level ? chip.lines | bit : chip.lines & ~bit;
  }

  /** The second chip's INT output is line 2 of the first; the first one's is INTR. */
  private update(): void {
    const [master, slave] = this.state.chips;
    this.setLine(MASTER, CASCADE, highest(slave, false) >= 0);
    this.intr = highest(master, true) >= 0;
  }
}

/** Rank of the most urgent line in a set, counted from the line that is first now; 8 for none. */
function rank(chip: Chip, set: number): number {
  if (set === 0) return 8;
  let place = 0;
  while (!(set & (1 << ((place + chip.first) & 7)))) place++;
  return place;
}

/** The line that may interrupt now, or -1. */
function highest(chip: Chip, isMaster: boolean): number {
  let requests = chip.irr & ~chip.imr;
  if (chip.specialMask) requests &= ~chip.isr;
  // In special fully nested mode the second chip may interrupt again while one of its requests is in service.
  const serving = chip.fullyNested && isMaster ? chip.isr & ~(1 << CASCADE) : chip.isr;
  const place = rank(chip, requests);
  const blocked = chip.specialMask ? 8 : rank(chip, serving);
  return place < 8 && place < blocked ? (place + chip.first) & 7 : -1;
}

function accept(chip: Chip, line: number): void {
  const bit = 1 << line;
  if (!chip.autoEoi) chip.isr |= bit;
  else if (chip.rotateOnAutoEoi) chip.first = (line + 1) & 7;
  if (!(chip.elcr & bit)) chip.irr &= ~bit;
}

function operationControl2(chip: Chip, value: number): void {
  const command = value >> 5;
  const named = value & 7;
  if (command === 0 || command === 4) chip.rotateOnAutoEoi = command === 4;
  else if (command === 6) chip.first = (named + 1) & 7;
  else if (command !== 2) {
    const specific = command === 3 || command === 7;
    const place = rank(chip, chip.isr);
    if (!specific && place === 8) return;
    const line = specific ? named : (place + chip.first) & 7;
    chip.isr &= ~(1 << line);
    if (command === 5 || command === 7) chip.first = (line + 1) & 7;
  }
}

function operationControl3(chip: Chip, value: number): void {
  if (value & 0x04) chip.poll = true;
  if (value & 0x02) chip.readIsr = (value & 1) !== 0;
  if (value & 0x40) chip.specialMask = (value & 0x20) !== 0;
}
