/**
 * The IO-APIC 82093AA: 24 inputs, each with a redirection entry that says which vector goes to whom. At FEC00000h: +00 index,
 * +10 data. Registers: 00 ID, 01 version, 02 arbitration, 10h + 2n and 11h + 2n the halves of entry n. Entry bits: 7..0 vector,
 * 10..8 delivery mode, 11 logical destination, 12 delivery status, 13 polarity (kept, inputs are active high), 14 remote IRR, 15 level,
 * 16 mask; upper half 31..24 destination.
 */
import { Device } from "../device.ts";

export const IOAPIC_BASE = 0xfec0_0000;
const INPUTS = 24;
const VERSION = ((INPUTS - 1) << 16) | 0x11;
const LOGICAL = 0x800,
  REMOTE_IRR = 0x4000,
  LEVEL = 0x8000,
  MASKED = 0x1_0000;
const WRITABLE = 0x1_afff;
const NMI = 4,
  EXTINT = 7;

/** What its messages reach: the local APIC. */
export interface Bus {
  accepts(destination: number, logical: boolean): boolean;
  request(vector: number, level: boolean): void;
  requestNmi(): void;
}

interface IoApicState {
  id: number;
  index: number;
  low: number[];
  high: number[];
  /** Levels of the inputs, and edges not delivered yet. */
  lines: number;
}

const fresh = (): IoApicState => ({
  id: 0,
  index: 0,
  low: new Array<number>(INPUTS).fill(MASKED),
  high: new Array<number>(INPUTS).fill(0),
  lines: 0,
});

export class I82093 extends Device<IoApicState> {
  readonly name = "i82093";
  protected state = fresh();

  constructor(private readonly bus: Bus) {
    super();
  }

  /** Lines stay as the parts drive them. */
  reset(): void {
    this.state = { ...fresh(), lines: this.state.lines };
  }

  /** Whether any input can get through. */
  get open(): boolean {
    return this.state.low.some((entry) => (entry & MASKED) === 0);
  }

  setLine(input: number, level: boolean): void {
    const { state } = this;
    const bit = 1 << input;
    const rises = level && (state.lines & bit) === 0;
    state.lines = level ? state.lines | bit : state.lines & ~bit;
    // Edges at a masked input are lost (data sheet, 3.2.4).
    if (state.low[input] & LEVEL ? level : rises) this.deliver(input);
  }

  /** The processor is done with a level-triggered vector: inputs that still ask for it get it again. */
  endOfInterrupt(vector: number): void {
    const { low } = this.state;
    for (let input = 0; input < INPUTS; input++) {
      if ((low[input] & 0xff) !== vector || !(low[input] & REMOTE_IRR)) continue;
      low[input] &= ~REMOTE_IRR;
      if (this.state.lines & (1 << input)) this.deliver(input);
    }
  }

  private deliver(input: number): void {
    const { low, high } = this.state;
    const entry = low[input];
    const mode = (entry >> 8) & 7;
    // An NMI is by edge, whatever the entry says.
    const level = (entry & LEVEL) !== 0 && mode !== NMI;
    if (entry & MASKED || (level && entry & REMOTE_IRR) || mode === EXTINT) return;
    if (!this.bus.accepts(high[input] >>> 24, (entry & LOGICAL) !== 0)) return;
    if (mode === NMI) return this.bus.requestNmi();
    if (level) low[input] |= REMOTE_IRR;
    this.bus.request(entry & 0xff, level);
  }

  read(offset: number): number {
    const { state } = this;
    if (offset === 0) return state.index;
    if (offset !== 0x10) return 0;
    if (state.index === 1) return VERSION;
    if (state.index === 0 || state.index === 2) return state.id << 24;
    const input = (state.index - 0x10) >> 1;
    if (input < 0 || input >= INPUTS) return 0;
    return (state.index & 1 ? state.high[input] : state.low[input]) >>> 0;
  }

  write(offset: number, value: number): void {
    const { state } = this;
    if (offset === 0) state.index = value & 0xff;
    if (offset !== 0x10) return;
    if (state.index === 0) state.id = (value >>> 24) & 15;
    const input = (state.index - 0x10) >> 1;
    if (input < 0 || input >= INPUTS) return;
    if (state.index & 1) state.high[input] = (value & 0xff00_0000) >>> 0;
    else this.writeLow(input, value);
  }

  private writeLow(input: number, value: number): void {
    const { low, lines } = this.state;
    const kept = value & LEVEL ? low[input] & REMOTE_IRR : 0;
    low[input] = (value & WRITABLE) | kept;
    if (value & LEVEL && lines & (1 << input)) this.deliver(input);
  }
}
