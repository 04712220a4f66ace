/**
 * The 16550A UART (National PC16550D) as COM1: ports 3F8h to 3FFh, IRQ 4.
 *
 *   +0  RBR (R) / THR (W); divisor low while LCR bit 7     +4  MCR  0 DTR, 1 RTS, 2 OUT1, 3 OUT2, 4 loopback
 *   +1  IER; divisor high while LCR bit 7                  +5  LSR  0 data ready, 1 overrun, 5 THR empty, 6 all sent
 *   +2  IIR (R) / FCR (W)                                  +6  MSR  0-3 changes, 4 CTS, 5 DSR, 6 RI, 7 DCD
 *   +3  LCR                                                +7  scratch
 *
 * Deviations: a byte is sent the moment it is written. Bytes from outside wait on the wire until the receiver has room, so none
 * is lost. As in QEMU the interrupt does not need OUT2, and the receive time-out comes at once.
 */
import { Device, type Host, type PortDevice, type Width } from "../device.ts";

const IER = { received: 1, transmitEmpty: 2, lineStatus: 4, modemStatus: 8 } as const;
const LSR = { ready: 0x01, overrun: 0x02, empty: 0x20, idle: 0x40 } as const;
const TRIGGER = [1, 4, 8, 14];
const DTR_RTS_OUT = 0x0f;
const LOOPBACK = 0x10;
/** Another computer is on the line: clear to send, data set ready, carrier. */
const CONNECTED = 0xb0;

interface State {
  ier: number;
  fcr: number;
  lcr: number;
  mcr: number;
  scratch: number;
  divisor: number;
  overrun: boolean;
  /** Modem lines as they were at the last MSR read, and the change bits since. */
  modemLines: number;
  modemChanges: number;
  /** The transmitter-empty interrupt has not been answered yet. */
  transmitPending: boolean;
  received: number[];
  /** Bytes that have been sent to us and do not fit in the receiver yet. */
  wire: number[];
}

const initial = (): State => ({
  ier: 0,
  fcr: 0,
  lcr: 0,
  mcr: 0,
  scratch: 0,
  divisor: 12,
  overrun: false,
  modemLines: CONNECTED,
  modemChanges: 0,
  transmitPending: false,
  received: [],
  wire: [],
});

export class Ns16550 extends Device<State> implements PortDevice {
  readonly name = "ns16550";
  protected state = initial();

  constructor(
    private readonly host: Pick<Host, "setIrq">,
    private readonly irq: number,
    private readonly send: (byte: number) => void,
  ) {
    super();
  }

  reset(): void {
    this.state = initial();
    this.update();
  }

  /** Bytes arrive on the line. */
  receive(bytes: Iterable<number>): void {
    this.state.wire.push(...bytes);
    this.fill();
  }

  readPort(port: number, _width: Width): number {
    const { state } = this;
    switch (port & 7) {
      case 0:
        return state.lcr & 0x80 ? state.divisor & 0xff : this.readData();
      case 1:
        return state.lcr & 0x80 ? state.divisor >> 8 : state.ier;
      case 2:
        return this.readIdentification();
      case 3:
        return state.lcr;
      case 4:
        return state.mcr;
      case 5:
        return this.readLineStatus();
      case 6:
        return this.readModemStatus();
      default:
        return state.scratch;
    }
  }

  writePort(port: number, _width: Width, value: number): void {
    const { state } = this;
    const divisorOpen = (state.lcr & 0x80) !== 0;
    switch (port & 7) {
      case 0:
        if (divisorOpen) state.divisor = (state.divisor & 0xff00) | value;
        else this.transmit(value);
        break;
      case 1:
        if (divisorOpen) state.divisor = (state.divisor & 0xff) | (value << 8);
        else this.writeInterruptEnable(value);
        break;
      case 2:
        this.writeFifoControl(value);
        break;
      case 3:
        state.lcr = value;
        break;
      case 4:
        state.mcr = value & 0x1f;
        this.modem();
        break;
      case 7:
        state.scratch = value;
        break;
      // LSR and MSR cannot be written.
    }
    this.update();
  }

  private readData(): number {
    const byte = this.state.received.shift() ?? 0;
    this.fill();
    return byte;
  }

  private transmit(value: number): void {
    const { state } = this;
    state.transmitPending = false;
    this.update();
    if (state.mcr & LOOPBACK) this.accept(value);
    else this.send(value);
    state.transmitPending = true;
  }

  private accept(byte: number): void {
    if (this.state.received.length < this.capacity()) this.state.received.push(byte);
    else this.state.overrun = true;
  }

  /** Takes bytes off the wire while there is room. */
  private fill(): void {
    const { state } = this;
    while (state.wire.length && state.received.length < this.capacity() && !(state.mcr & LOOPBACK))
      state.received.push(state.wire.shift()!);
    this.update();
  }

  private capacity(): number {
    return this.state.fcr & 1 ? 16 : 1;
  }

  private writeInterruptEnable(value: number): void {
    const { state } = this;
    const enabled = value & 0x0f & ~state.ier;
    state.ier = value & 0x0f;
    // The transmitter is always empty: enabling its interrupt raises it.
    if (enabled & IER.transmitEmpty) state.transmitPending = true;
  }

  private writeFifoControl(value: number): void {
    const { state } = this;
    // Switching the FIFOs on or off empties them (PC16550D, 8.5).
    if ((value ^ state.fcr) & 1 || value & 2) state.received.length = 0;
    state.fcr = value & 1 ? value & 0xc9 : 0;
    this.fill();
  }

  /** The most urgent reason for an interrupt (PC16550D, table IV), or 1 for none. */
  private reason(): number {
    const { ier, overrun, received, fcr, transmitPending, modemChanges } = this.state;
    if (ier & IER.lineStatus && overrun) return 0x06;
    if (ier & IER.received && received.length > 0)
      return !(fcr & 1) || received.length >= TRIGGER[fcr >> 6] ? 0x04 : 0x0c;
    if (ier & IER.transmitEmpty && transmitPending) return 0x02;
    if (ier & IER.modemStatus && modemChanges) return 0x00;
    return 0x01;
  }

  private readIdentification(): number {
    const reason = this.reason();
    if (reason === 0x02) this.state.transmitPending = false;
    this.update();
    return reason | (this.state.fcr & 1 ? 0xc0 : 0);
  }

  private readLineStatus(): number {
    const { state } = this;
    const value = LSR.empty | LSR.idle | (state.received.length ? LSR.ready : 0) | (state.overrun ? LSR.overrun : 0);
    state.overrun = false;
    this.update();
    return value;
  }

  private readModemStatus(): number {
    const { state } = this;
    const value = state.modemLines | state.modemChanges;
    state.modemChanges = 0;
    this.update();
    return value;
  }

  /** In loopback the modem outputs come back as inputs: RTS to CTS, DTR to DSR, OUT1 to RI, OUT2 to DCD. */
  private modem(): void {
    const { state } = this;
    const { mcr } = state;
    const out = mcr & DTR_RTS_OUT;
    const looped = ((out & 2) << 3) | ((out & 1) << 5) | ((out & 4) << 4) | ((out & 8) << 4);
    const lines = mcr & LOOPBACK ? looped : CONNECTED;
    const changed = (lines ^ state.modemLines) >> 4;
    // RI counts only its trailing edge.
    state.modemChanges |= (changed & 0x0b) | (changed & 4 && !(lines & 0x40) ? 4 : 0);
    state.modemLines = lines;
    this.fill();
  }

  private update(): void {
    this.host.setIrq(this.irq, this.reason() !== 0x01);
  }
}
