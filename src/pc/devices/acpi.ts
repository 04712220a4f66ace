/**
 * ACPI fixed hardware of the PIIX4 at 600h (ACPI 1.0b, 4.7; PIIX4 7.2).
 *
 *   600h PM1 status (write 1 to clear)   602h PM1 enable   604h PM1 control: 13 SLP_EN, 12-10 SLP_TYP, 0 SCI_EN
 *   608h PM timer, 24 bits at 3.579545 MHz (R)             AFh-type GPEs are not present
 *
 * SLP_TYP 0 with SLP_EN is power-off (QEMU's numbering, which its DSDT and ours publish).
 */
import { Device, type Host, type PortDevice, type Width } from "../device.ts";

const PM_TIMER_HERTZ = 3_579_545;
const SLEEP_ENABLE = 0x2000;

export class Acpi extends Device<{ status: number; enable: number; control: number }> implements PortDevice {
  readonly name = "acpi";
  protected state = { status: 0, enable: 0, control: 1 };

  constructor(
    private readonly host: Host,
    private readonly powerOff: () => void,
  ) {
    super();
  }

  reset(): void {
    this.state = { status: 0, enable: 0, control: 1 };
  }

  readPort(port: number, width: Width): number {
    const { status, enable, control } = this.state;
    if (port === 0x608) return this.host.clock.count(this.host.now(), PM_TIMER_HERTZ) & 0xffffff;
    if (port === 0x600) return width === 4 ? (status | (enable << 16)) >>> 0 : status;
    if (port === 0x602) return enable;
    return port === 0x604 ? control : 0;
  }

  writePort(port: number, width: Width, value: number): void {
    const { state } = this;
    if (port === 0x600) {
      state.status &= ~value;
      if (width === 4) state.enable = value >>> 16;
    } else if (port === 0x602) state.enable = value & 0xffff;
    else if (port === 0x604) {
      state.control = value & 0x1c07;
      const type = (value >> 10) & 7;
      if (!(value & SLEEP_ENABLE)) return;
      if (type === 0) this.powerOff();
      else this.host.unimplemented(`ACPI: sleep type ${type} (only power-off, type 0, is built)`);
    }
  }
}
