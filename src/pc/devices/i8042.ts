/**
 * The 8042 keyboard controller with an AT keyboard and a PS/2 mouse that never moves (IBM PS/2 technical reference; the answers
 * are those of QEMU's pckbd).
 *
 *   60h  R  output buffer   W  byte for the keyboard, or the parameter of a controller command
 *   64h  R  status: 0 output full, 2 system flag, 3 last write was a command, 4 keyboard not locked, 5 output is the mouse's
 *        W  command: 20-3F/60-7F read/write RAM (0: command byte), A7/A8 mouse off/on, A9/AB test ports, AA self-test,
 *           AD/AE keyboard off/on, C0 input port, D0/D1 output port (bit 0 reset, bit 1 A20), D2-D4 put a byte, DD/DF A20 off/on,
 *           E0 test inputs, F0-FF pulse output lines (bit 0 low: reset)
 *
 * The keyboard sends one byte at a time over its serial line: the next reaches the buffer BYTE_US after the last was read.
 */
import { Device, type Host, type PortDevice, type Width } from "../device.ts";
import { scancode, translate } from "./scancodes.ts";

const BYTE_US = 250;
const KEYBOARD_BUFFER = 16;
const ACK = 0xfa;
const RESEND = 0xfe;

const STATUS = { full: 0x01, system: 0x04, command: 0x08, unlocked: 0x10, mouse: 0x20 } as const;
/** Bits of the command byte. */
const CONFIG = { keyboardIrq: 1, mouseIrq: 2, system: 4, keyboardOff: 0x10, mouseOff: 0x20, translate: 0x40 } as const;

interface Queue {
  bytes: number[];
  /** No byte arrives before this tick. */
  readyAt: number;
  /** Command whose parameter byte comes next; 0 for none. */
  expects: number;
  /** Keyboard: scanning; mouse: reporting. */
  enabled: boolean;
}

interface State {
  config: number;
  ram: Uint8Array;
  outputPort: number;
  status: number;
  data: number;
  /** Controller command that waits for its parameter on port 60h; 0 for none. */
  expects: number;
  keyboard: Queue;
  mouse: Queue;
  scanSet: number;
  leds: number;
  mouseSettings: { status: number; resolution: number; rate: number };
}

const queue = (enabled: boolean): Queue => ({ bytes: [], readyAt: 0, expects: 0, enabled });
const freshMouse = () => ({ status: 0, resolution: 2, rate: 100 });

const initial = (): State => ({
  config: CONFIG.keyboardIrq | CONFIG.system | CONFIG.translate | CONFIG.mouseOff,
  ram: new Uint8Array(32),
  // Reset line high, A20 open: QEMU's state after power-on, and what our firmware leaves.
  outputPort: 0xcf,
  status: STATUS.system | STATUS.unlocked,
  data: 0,
  expects: 0,
  keyboard: queue(true),
  mouse: queue(false),
  scanSet: 2,
  leds: 0,
  mouseSettings: freshMouse(),
});

/** The two lines of the output port that leave the chip. */
export interface ControllerLines {
  setA20(open: boolean): void;
  a20(): boolean;
  reset(): void;
}

export class I8042 extends Device<State> implements PortDevice {
  readonly name = "i8042";
  protected state = initial();

  constructor(
    private readonly host: Host,
    private readonly lines: ControllerLines,
  ) {
    super();
  }

  reset(): void {
    this.state = initial();
    this.update();
  }

  get leds(): number {
    return this.state.leds;
  }

  /** Bytes the guest has not taken yet. */
  get pending(): number {
    return this.state.keyboard.bytes.length + (this.state.status & STATUS.full ? 1 : 0);
  }

  /** A key goes down or up; false when the keyboard's buffer is full or it has no such key. */
  key(code: string, down: boolean): boolean {
    const { keyboard, scanSet } = this.state;
    const bytes = scancode(code, down, scanSet);
    return bytes !== undefined && keyboard.enabled && this.scancodes(bytes);
  }

  /** Raw bytes as the keyboard sends them. */
  scancodes(bytes: readonly number[]): boolean {
    const { keyboard } = this.state;
    if (keyboard.bytes.length + bytes.length > KEYBOARD_BUFFER) return false;
    keyboard.bytes.push(...bytes);
    this.fill();
    return true;
  }

  override get nextEvent(): number {
    const { status, config, keyboard, mouse } = this.state;
    if (status & STATUS.full) return Infinity;
    const fromKeyboard = keyboard.bytes.length && !(config & CONFIG.keyboardOff) ? keyboard.readyAt : Infinity;
    const fromMouse = mouse.bytes.length && !(config & CONFIG.mouseOff) ? mouse.readyAt : Infinity;
    return Math.min(fromKeyboard, fromMouse);
  }

  override advance(now: number): void {
    if (this.nextEvent <= now) this.fill();
  }

  readPort(port: number, _width: Width): number {
    if (port === 0x64) return this.state.status;
    const { data, status } = this.state;
    if (status & STATUS.full) {
      const source = status & STATUS.mouse ? this.state.mouse : this.state.keyboard;
      source.readyAt = this.host.now() + this.host.clock.microseconds(BYTE_US);
      this.state.status &= ~(STATUS.full | STATUS.mouse);
      this.update();
    }
    return data;
  }

  writePort(port: number, _width: Width, value: number): void {
    if (port === 0x64) {
      this.state.status |= STATUS.command;
      this.command(value);
    } else {
      this.state.status &= ~STATUS.command;
      if (this.state.expects) this.parameter(value);
      else {
        // Talking to the keyboard switches it on (PS/2 technical reference, port 60h).
        this.state.config &= ~CONFIG.keyboardOff;
        this.toKeyboard(value);
      }
    }
    this.fill();
  }

  /** Moves the next byte of a device into the output buffer, if it is free and the byte has arrived. */
  private fill(): void {
    const { state } = this;
    const now = this.host.now();
    if (!(state.status & STATUS.full)) {
      const { keyboard, mouse, config } = state;
      if (keyboard.bytes.length && !(config & CONFIG.keyboardOff) && keyboard.readyAt <= now)
        this.put(this.translated(), false);
      else if (mouse.bytes.length && !(config & CONFIG.mouseOff) && mouse.readyAt <= now)
        this.put(mouse.bytes.shift()!, true);
    }
    this.update();
  }

  /** Translation drops F0 and marks the byte behind it as a release. */
  private translated(): number {
    const { bytes } = this.state.keyboard;
    const byte = bytes.shift()!;
    if (!(this.state.config & CONFIG.translate)) return byte;
    if (byte !== 0xf0 || bytes.length === 0) return translate(byte);
    return translate(bytes.shift()!) | 0x80;
  }

  private put(byte: number, mouse: boolean): void {
    this.state.data = byte;
    this.state.status = (this.state.status & ~STATUS.mouse) | STATUS.full | (mouse ? STATUS.mouse : 0);
    this.update();
  }

  private update(): void {
    const { status, config } = this.state;
    const full = (status & STATUS.full) !== 0;
    const mouse = (status & STATUS.mouse) !== 0;
    this.host.setIrq(1, full && !mouse && (config & CONFIG.keyboardIrq) !== 0);
    this.host.setIrq(12, full && mouse && (config & CONFIG.mouseIrq) !== 0);
  }

  private command(command: number): void {
    const { state } = this;
    if (command >= 0xf0) {
      if (!(command & 1)) this.lines.reset();
    } else if (command >= 0x20 && command <= 0x3f)
      this.put(command === 0x20 ? state.config : state.ram[command & 0x1f], false);
    else if (command >= 0x60 && command <= 0x7f) state.expects = command;
    else
      switch (command) {
        case 0xa7:
          state.config |= CONFIG.mouseOff;
          break;
        case 0xa8:
          state.config &= ~CONFIG.mouseOff;
          break;
        case 0xa9:
        case 0xab:
          this.put(0, false);
          break;
        case 0xaa:
          state.status |= STATUS.system;
          this.put(0x55, false);
          break;
        case 0xad:
          state.config |= CONFIG.keyboardOff;
          break;
        case 0xae:
          state.config &= ~CONFIG.keyboardOff;
          break;
        case 0xc0:
          this.put(0x80, false);
          break;
        case 0xd0:
          this.put(this.outputPort(), false);
          break;
        case 0xd1:
        case 0xd2:
        case 0xd3:
        case 0xd4:
          state.expects = command;
          break;
        case 0xdd:
        case 0xdf:
          this.lines.setA20(command === 0xdf);
          break;
        case 0xe0:
          this.put(0, false);
          break;
        // Every other command is ignored by the part.
      }
  }

  private outputPort(): number {
    const full = this.state.status & STATUS.full;
    const mouse = this.state.status & STATUS.mouse;
    return (this.state.outputPort & 0xcd) | (this.lines.a20() ? 2 : 0) | (full ? (mouse ? 0x20 : 0x10) : 0);
  }

  private parameter(value: number): void {
    const { state } = this;
    const command = state.expects;
    state.expects = 0;
    if (command === 0x60) state.config = value;
    else if (command < 0x80) state.ram[command & 0x1f] = value;
    else if (command === 0xd2) this.put(value, false);
    else if (command === 0xd3) this.put(value, true);
    else if (command === 0xd4) this.toMouse(value);
    else if (command === 0xd1) {
      state.outputPort = value;
      this.lines.setA20((value & 2) !== 0);
      if (!(value & 1)) this.lines.reset();
    }
  }

  private toKeyboard(value: number): void {
    const { state } = this;
    const it = state.keyboard;
    const command = it.expects;
    it.expects = 0;
    if (command) {
      if (command === 0xed) state.leds = value & 7;
      if (command !== 0xf0) answer(it, ACK);
      else if (value === 0) answer(it, ACK, state.scanSet);
      else if (value > 2) answer(it, RESEND);
      else {
        state.scanSet = value;
        answer(it, ACK);
      }
      return;
    }
    switch (value) {
      case 0xed:
      case 0xf0:
      case 0xf3:
        it.expects = value;
        answer(it, ACK);
        break;
      case 0xee:
        answer(it, 0xee);
        break;
      case 0xf2:
        answer(it, ACK, 0xab, 0x83);
        break;
      case 0xf4:
      case 0xf5:
      case 0xf6:
        it.enabled = value !== 0xf5;
        if (value !== 0xf4) state.scanSet = 2;
        it.bytes.length = 0;
        answer(it, ACK);
        break;
      case 0xff:
        Object.assign(it, { bytes: [], enabled: true });
        state.scanSet = 2;
        state.leds = 0;
        answer(it, ACK, 0xaa);
        break;
      default:
        answer(it, value === 0 ? ACK : RESEND);
    }
  }

  /** The mouse (PS/2 technical reference, "mouse commands"): present, and lying still. */
  private toMouse(value: number): void {
    const it = this.state.mouse;
    const settings = this.state.mouseSettings;
    const command = it.expects;
    it.expects = 0;
    if (command) {
      if (command === 0xe8) settings.resolution = value;
      if (command === 0xf3) settings.rate = value;
      answer(it, ACK);
    } else if (value === 0xe8 || value === 0xf3) {
      it.expects = value;
      answer(it, ACK);
    } else if (value === 0xe9) {
      answer(it, ACK, settings.status | (it.enabled ? 0x20 : 0), settings.resolution, settings.rate);
    } else if (value === 0xeb) answer(it, ACK, 0x08, 0, 0);
    else if (value === 0xf2) answer(it, ACK, 0);
    else if (value === 0xff || value === 0xf6) {
      it.enabled = false;
      this.state.mouseSettings = freshMouse();
      answer(it, ACK, ...(value === 0xff ? [0xaa, 0] : []));
    } else if (value === 0xf4 || value === 0xf5) {
      it.enabled = value === 0xf4;
      answer(it, ACK);
    } else if (value === 0xe6 || value === 0xe7) {
      settings.status = (settings.status & ~0x10) | (value === 0xe7 ? 0x10 : 0);
      answer(it, ACK);
    } else answer(it, value === 0xea || value === 0xf0 ? ACK : RESEND);
  }
}

const answer = (to: Queue, ...bytes: number[]): void => void to.bytes.push(...bytes);
