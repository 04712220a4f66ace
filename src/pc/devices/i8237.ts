/**
 * The two 8237A DMA controllers and their page registers (Intel 231466). No part of this machine asks for DMA, so no transfer ever
 * happens: the registers can be programmed and read back.
 *
 *   00h-07h  address and count of channels 0-3, low then high byte      08h status/command  0Ah mask bit  0Bh mode
 *   0Ch clear byte pointer  0Dh master clear  0Eh clear mask  0Fh all masks     C0h-DFh the same for channels 4-7, every second port
 *   80h-8Fh  page registers (80h is where firmware writes POST codes)
 */
import { Device, type PortDevice, type Width } from "../device.ts";

interface Chip {
  /** Address and count of four channels. */
  values: Uint16Array;
  highByte: boolean;
  command: number;
  mask: number;
}

interface State {
  chips: Chip[];
  pages: Uint8Array;
}

const chip = (): Chip => ({ values: new Uint16Array(8), highByte: false, command: 0, mask: 15 });
const initial = (): State => ({ chips: [chip(), chip()], pages: new Uint8Array(16) });

export class I8237 extends Device<State> implements PortDevice {
  readonly name = "i8237";
  protected state = initial();

  reset(): void {
    this.state = initial();
  }

  readPort(port: number, _width: Width): number {
    if (port >= 0x80 && port < 0x90) return this.state.pages[port & 15];
    const { it, register } = this.decode(port);
    if (register < 8) {
      const value = it.values[register];
      it.highByte = !it.highByte;
      return it.highByte ? value & 0xff : value >> 8;
    }
    return register === 15 ? it.mask | 0xf0 : 0;
  }

  writePort(port: number, _width: Width, value: number): void {
    if (port >= 0x80 && port < 0x90) {
      this.state.pages[port & 15] = value;
      return;
    }
    const { it, register } = this.decode(port);
    if (register < 8) {
      const old = it.values[register];
      it.values[register] = it.highByte ? (old & 0xff) | (value << 8) : (old & 0xff00) | value;
      it.highByte = !it.highByte;
    } else if (register === 8) it.command = value;
    else if (register === 10) it.mask = value & 4 ? it.mask | (1 << (value & 3)) : it.mask & ~(1 << (value & 3));
    else if (register === 12) it.highByte = false;
    else if (register === 13) Object.assign(it, { highByte: false, command: 0, mask: 15 });
    else if (register === 14) it.mask = 0;
    else if (register === 15) it.mask = value & 15;
  }

  private decode(port: number): { it: Chip; register: number } {
    return port < 0xc0
      ? { it: this.state.chips[0], register: port & 15 }
      : { it: this.state.chips[1], register: (port >> 1) & 15 };
  }
}
