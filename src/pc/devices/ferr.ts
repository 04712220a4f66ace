/**
 * The wires between x87 errors and interrupt 13, as since the PC/AT (82371 PIIX: FERR#, IGNNE#, port F0h). FERR# raises IRQ 13, until a
 * write to F0h, which also asserts IGNNE# as long as FERR# is there: then x87 instructions go on over the error.
 */
import type { NumericErrors } from "../../engine/board";
import { Device, type Host, type PortDevice } from "../device.ts";

const IRQ = 13;

export class Ferr extends Device<{ asserted: boolean; ignored: boolean }> implements PortDevice, NumericErrors {
  readonly name = "ferr";
  protected state = { asserted: false, ignored: false };

  constructor(private readonly host: Host) {
    super();
  }

  reset(): void {
    this.state = { asserted: false, ignored: false };
  }

  get ignored(): boolean {
    return this.state.ignored;
  }

  raise(): void {
    this.state.asserted = true;
    this.host.setIrq(IRQ, true);
  }

  /** The interrupt stays until F0h is written. */
  clear(): void {
    if (this.state.asserted) this.state = { asserted: false, ignored: false };
  }

  readPort(): number {
    return 0xff;
  }

  writePort(): void {
    this.state.ignored = this.state.asserted;
    this.host.setIrq(IRQ, false);
  }
}
