/** Small things that are one or two ports each. */
import { Device, type PortDevice, type Width } from "../device.ts";

/**
 * Port 92h of the PS/2: bit 0 rising resets the CPU, bit 1 opens A20; the other bits store.
 */
export class Port92 extends Device<{ value: number }> implements PortDevice {
  readonly name = "port92";
  protected state = { value: 0 };

  constructor(private readonly lines: { setA20(open: boolean): void; a20(): boolean; reset(): void }) {
    super();
  }

  reset(): void {
    this.state = { value: 0 };
  }

  readPort(): number {
    return (this.state.value & ~3) | (this.lines.a20() ? 2 : 0);
  }

  writePort(_port: number, _width: Width, value: number): void {
    this.state.value = value;
    this.lines.setA20((value & 2) !== 0);
    if (value & 1) this.lines.reset();
  }
}

/** Port E9h: what is written is shown; reading E9h tells that somebody listens (Bochs, QEMU). */
export class DebugConsole implements PortDevice {
  constructor(private readonly write: (byte: number) => void) {}

  readPort(): number {
    return 0xe9;
  }

  writePort(_port: number, _width: Width, value: number): void {
    this.write(value);
  }
}

/** QEMU's isa-debug-exit at F4h, 4 ports wide: the value written ends the run. */
export class DebugExit implements PortDevice {
  constructor(private readonly exit: (value: number) => void) {}

  readPort(): number {
    return 0;
  }

  writePort(_port: number, _width: Width, value: number): void {
    this.exit(value);
  }
}

/**
 * Herald's doorbell: 700h (32 bits) "drain the trace ring now", with the low half of its head; 704h (32 bits) the physical address of
 * the ring, told once. QEMU has nothing there, so the same image runs.
 */
export class Doorbell extends Device<{ ring: number }> implements PortDevice {
  readonly name = "doorbell";
  protected state = { ring: 0 };

  constructor(private readonly ringIt: (head: number, ring: number) => void) {
    super();
  }

  /** Physical address of the trace ring; 0 until the guest has told it. */
  get ring(): number {
    return this.state.ring;
  }

  reset(): void {
    this.state = { ring: 0 };
  }

  readPort(port: number): number {
    return port === 0x704 ? this.state.ring : 0xffffffff;
  }

  writePort(port: number, width: Width, value: number): void {
    if (width !== 4) return;
    if (port === 0x704) this.state.ring = value;
    else if (port === 0x700) this.ringIt(value, this.state.ring);
  }
}

/** A port nobody reads anything from and whose writes only take time: I/O delay. */
export const delayPort: PortDevice = {
  readPort: () => 0xff,
  writePort: () => {},
};
