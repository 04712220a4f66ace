/**
 * The local APIC (SDM 3, chapter 11; registers in table 11-1), version 14h as in QEMU's PC. 32-bit registers, 16 bytes apart:
 *
 *   020 ID            080 TPR           0D0 LDR           100-170 ISR      280 ESR        320 LVT timer     380 initial count
 *   030 version       0A0 PPR           0E0 DFR           180-1F0 TMR      300 ICR low    330 LVT thermal   390 current count
 *                     0B0 EOI           0F0 SVR           200-270 IRR      310 ICR high   340-370 counters, LINT0, LINT1, error   3E0 divide
 *
 * It comes out of reset as the firmware of a PC leaves it: enabled, LINT0 passing the 8259 on (virtual wire), LINT1 for NMI. One
 * processor: an interprocessor interrupt reaches this APIC or nobody. The timer counts ticks of the virtual clock.
 * Deviation: INIT, start-up and SMI messages have no effect.
 */
import { Device, type Host } from "../device.ts";

const VERSION = 0x0005_0014;
const ENABLED = 0x100;
const MASKED = 0x1_0000;
const LEVEL = 0x8000;
const PERIODIC = 0x2_0000;
const FIXED = 0,
  LOWEST = 1,
  NMI = 4,
  EXTINT = 7;
/** Places in the local vector table, from 320h on. */
const TIMER = 0,
  LINT0 = 3,
  ERROR = 5;
/** Bits that software may set in each of them. */
const LVT_MASK = [0x3_00ff, 0x1_07ff, 0x1_07ff, 0x1_a7ff, 0x1_a7ff, 0x1_00ff];
const ESR_SEND_ILLEGAL = 0x20,
  ESR_RECEIVED_ILLEGAL = 0x40,
  ESR_ILLEGAL_REGISTER = 0x80;
const FIRST_VECTOR = 16;
const DEFAULT_BASE = 0xfee0_0000;

interface ApicState {
  /** IA32_APIC_BASE. */
  base: number;
  enabled: boolean;
  id: number;
  tpr: number;
  ldr: number;
  dfr: number;
  svr: number;
  /** Bit sets of 256 vectors, 32 to a word. */
  isr: number[];
  tmr: number[];
  irr: number[];
  /** Errors shown, and those noted since the register was written. */
  esr: number;
  errors: number;
  icrLow: number;
  icrHigh: number;
  lvt: number[];
  divide: number;
  initial: number;
  /** Tick at which the count was `initial`; Infinity while the timer stands. */
  started: number;
  /** The line of the 8259, for LINT0 in fixed mode. */
  lint0: boolean;
  /** An NMI waits for the processor. */
  nmi: boolean;
}

const none = () => new Array<number>(8).fill(0);

const fresh = (): ApicState => ({
  base: DEFAULT_BASE,
  enabled: true,
  id: 0,
  tpr: 0,
  ldr: 0,
  dfr: 0xffff_ffff,
  svr: ENABLED | 0xff,
  isr: none(),
  tmr: none(),
  irr: none(),
  esr: 0,
  errors: 0,
  icrLow: 0,
  icrHigh: 0,
  lvt: [MASKED, MASKED, MASKED, 0x8700, 0x8400, MASKED],
  divide: 0,
  initial: 0,
  started: Infinity,
  lint0: false,
  nmi: false,
});

export class Apic extends Device<ApicState> {
  readonly name = "apic";
  protected state = fresh();
  /** An interrupt of its own waits for the processor. Derived. */
  pending = false;
  /** The 8259's INTR reaches the processor. Derived. */
  wire = true;

  constructor(
    private readonly host: Pick<Host, "now">,
    /** A level-triggered vector was served: the IO-APIC wants to know. */
    private readonly endOfLevel: (vector: number) => void,
  ) {
    super();
  }

  reset(): void {
    this.state = fresh();
    this.update();
  }

  override restore(state: ApicState): void {
    super.restore(state);
    this.update();
  }

  private get softwareEnabled(): boolean {
    return (this.state.svr & ENABLED) !== 0;
  }

  private update(): void {
    const { state } = this;
    const lint0 = state.lvt[LINT0];
    this.wire = !state.enabled || ((lint0 & MASKED) === 0 && ((lint0 >> 8) & 7) === EXTINT);
    this.pending = state.enabled && this.softwareEnabled && highest(state.irr) >> 4 > this.processorPriority >> 4;
  }

  /** SDM 3, 11.8.3.1. */
  private get processorPriority(): number {
    const serving = Math.max(0, highest(this.state.isr));
    return this.state.tpr >> 4 >= serving >> 4 ? this.state.tpr : serving & 0xf0;
  }

  // ---- what the processor does -------------------------------------------------------------------------------------------

  /** CR8. */
  get priority(): number {
    return this.state.tpr >> 4;
  }

  set priority(value: number) {
    this.state.tpr = value << 4;
    this.update();
  }

  relocate(base: number, enabled: boolean): void {
    this.state.base = base;
    if (!enabled && this.state.enabled) this.state = { ...fresh(), base };
    this.state.enabled = enabled;
    this.update();
  }

  answersAt(address: number): boolean {
    return this.state.enabled && address >= this.state.base && address < this.state.base + 0x1000;
  }

  /** The vector to deliver, when `pending`. */
  acknowledge(): number {
    const vector = highest(this.state.irr);
    put(this.state.irr, vector, false);
    put(this.state.isr, vector, true);
    this.update();
    return vector;
  }

  /** A message of delivery mode NMI; one waits at most. */
  requestNmi(): void {
    this.state.nmi = true;
  }

  get nmiPending(): boolean {
    return this.state.nmi;
  }

  acknowledgeNmi(): void {
    this.state.nmi = false;
  }

  /** The INTR output of the 8259. With LINT0 in fixed mode it is an interrupt request like others. */
  setLint0(level: boolean): void {
    const { state } = this;
    const rises = level && !state.lint0;
    state.lint0 = level;
    if (rises) this.local(LINT0);
  }

  // ---- interrupts --------------------------------------------------------------------------------------------------------

  /** Whether a message with this destination is for this APIC (SDM 3, 11.6.2). */
  accepts(destination: number, logical: boolean): boolean {
    const { id, ldr, dfr } = this.state;
    if (!logical) return destination === id || destination === 0xff;
    const own = ldr >>> 24;
    if (dfr >>> 28 === 15) return (own & destination) !== 0;
    return own >> 4 === destination >> 4 && (own & destination & 15) !== 0;
  }

  request(vector: number, level: boolean): void {
    const { state } = this;
    if (vector < FIRST_VECTOR) return this.error(ESR_RECEIVED_ILLEGAL);
    if (!state.enabled || !this.softwareEnabled) return;
    put(state.irr, vector, true);
    put(state.tmr, vector, level);
    this.update();
  }

  private local(entry: number): void {
    const value = this.state.lvt[entry];
    if (value & MASKED || (entry === LINT0 && ((value >> 8) & 7) !== FIXED)) return;
    this.request(value & 0xff, false);
  }

  private error(bit: number): void {
    const { state } = this;
    const first = (state.errors & bit) === 0;
    state.errors |= bit;
    const entry = state.lvt[ERROR];
    if (first && !(entry & MASKED) && (entry & 0xff) >= FIRST_VECTOR) this.request(entry & 0xff, false);
  }

  private endOfInterrupt(): void {
    const { state } = this;
    const vector = highest(state.isr);
    if (vector < 0) return;
    put(state.isr, vector, false);
    this.update();
    if (has(state.tmr, vector)) this.endOfLevel(vector);
  }

  /** SDM 3, 11.6.1. */
  private send(command: number): void {
    const { state } = this;
    state.icrLow = command & 0xc_cfff;
    const mode = (command >> 8) & 7;
    if (mode !== FIXED && mode !== LOWEST && mode !== NMI) return;
    const shorthand = (command >> 18) & 3;
    const addressed = this.accepts(state.icrHigh >>> 24, (command & 0x800) !== 0);
    const mine = shorthand === 0 ? addressed : shorthand < 3;
    const vector = command & 0xff;
    if (mode === NMI) state.nmi ||= mine;
    else if (vector < FIRST_VECTOR) this.error(ESR_SEND_ILLEGAL);
    else if (mine) this.request(vector, (command & LEVEL) !== 0 && (command & 0x4000) !== 0);
  }

  // ---- timer -------------------------------------------------------------------------------------------------------------

  /** Ticks to a count: 2, 4 ... 128, and 1 (SDM 3, figure 11-10). */
  private get divisor(): number {
    const code = (this.state.divide & 3) | ((this.state.divide >> 1) & 4);
    return code === 7 ? 1 : 2 << code;
  }

  private get periodic(): boolean {
    return (this.state.lvt[TIMER] & PERIODIC) !== 0;
  }

  override get nextEvent(): number {
    return this.state.started + this.state.initial * this.divisor;
  }

  override advance(now: number): void {
    const { state } = this;
    if (now < this.nextEvent) return;
    state.started = this.periodic ? this.nextEvent : Infinity;
    this.local(TIMER);
  }

  private currentCount(): number {
    const { state } = this;
    if (state.started === Infinity) return 0;
    const counted = Math.floor((this.host.now() - state.started) / this.divisor);
    return Math.max(0, state.initial - counted);
  }

  private setDivide(value: number): void {
    const { state } = this;
    const left = this.currentCount();
    state.divide = value & 11;
    if (state.started !== Infinity) state.started = this.host.now() - (state.initial - left) * this.divisor;
  }

  // ---- registers ---------------------------------------------------------------------------------------------------------

  /** The register at an offset that is a multiple of 16. */
  read(offset: number): number {
    const { state } = this;
    if (offset >= 0x100 && offset < 0x280) {
      const set = [state.isr, state.tmr, state.irr][(offset - 0x100) >> 7];
      return set[(offset >> 4) & 7] >>> 0;
    }
    if (offset >= 0x320 && offset <= 0x370) return state.lvt[(offset - 0x320) >> 4];
    switch (offset) {
      case 0x20:
        return (state.id << 24) >>> 0;
      case 0x30:
        return VERSION;
      case 0x80:
        return state.tpr;
      case 0xa0:
        return this.processorPriority;
      case 0xd0:
        return state.ldr;
      case 0xe0:
        return state.dfr;
      case 0xf0:
        return state.svr;
      case 0x280:
        return state.esr;
      case 0x300:
        return state.icrLow;
      case 0x310:
        return state.icrHigh;
      case 0x380:
        return state.initial;
      case 0x390:
        return this.currentCount();
      case 0x3e0:
        return state.divide;
      case 0x90:
      case 0xb0:
      case 0xc0:
        return 0;
      default:
        this.error(ESR_ILLEGAL_REGISTER);
        return 0;
    }
  }

  write(offset: number, value: number): void {
    this.writeRegister(offset, value >>> 0);
    this.update();
  }

  private writeRegister(offset: number, value: number): void {
    const { state } = this;
    if (offset >= 0x320 && offset <= 0x370) return this.writeLvt((offset - 0x320) >> 4, value);
    switch (offset) {
      case 0x20:
        state.id = value >>> 24;
        return;
      case 0x80:
        state.tpr = value & 0xff;
        return;
      case 0xb0:
        return this.endOfInterrupt();
      case 0xd0:
        state.ldr = (value & 0xff00_0000) >>> 0;
        return;
      case 0xe0:
        state.dfr = (value | 0x0fff_ffff) >>> 0;
        return;
      case 0xf0:
        state.svr = value & 0x1ff;
        // While it is disabled by software all of the table is masked (SDM 3, 11.4.7.2).
        if (!this.softwareEnabled) state.lvt = state.lvt.map((entry) => entry | MASKED);
        return;
      case 0x280:
        state.esr = state.errors;
        state.errors = 0;
        return;
      case 0x300:
        return this.send(value);
      case 0x310:
        state.icrHigh = (value & 0xff00_0000) >>> 0;
        return;
      case 0x380:
        state.initial = value;
        state.started = value === 0 ? Infinity : this.host.now();
        return;
      case 0x3e0:
        return this.setDivide(value);
      default:
        // Read-only registers, and addresses where none is.
        this.error(ESR_ILLEGAL_REGISTER);
    }
  }

  private writeLvt(entry: number, value: number): void {
    const masked = this.softwareEnabled ? 0 : MASKED;
    this.state.lvt[entry] = (value & LVT_MASK[entry]) | masked;
    if (entry === LINT0 && this.state.lint0) this.local(LINT0);
  }

  /** Something may still wake a processor that waits for interrupts, besides what comes through the 8259. */
  get open(): boolean {
    const { state } = this;
    return state.enabled && this.softwareEnabled && !(state.lvt[TIMER] & MASKED) && state.started !== Infinity;
  }
}

function highest(set: readonly number[]): number {
  for (let word = 7; word >= 0; word--) if (set[word] !== 0) return word * 32 + 31 - Math.clz32(set[word]);
  return -1;
}

const has = (set: readonly number[], vector: number): boolean => ((set[vector >> 5] >>> (vector & 31)) & 1) !== 0;

function put(set: number[], vector: number, value: boolean): void {
  const bit = 1 << (vector & 31);
  set[vector >> 5] = (value ? set[vector >> 5] | bit : set[vector >> 5] & ~bit) >>> 0;
}
