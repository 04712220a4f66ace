/**
 * The PCI bus as far as a 440FX PC without plugged-in cards has one: configuration mechanism 1 (PCI 2.1, 3.2.2.3.2).
 *
 *   CF8h (32 bits)  31 enable, 23-16 bus, 15-11 device, 10-8 function, 7-2 register      CFCh-CFFh  the register's bytes
 *   CF9h (8 bits)   reset control: bit 2 rising resets (PIIX3)
 *
 * Functions: 0.0 host bridge 82441FX, 1.0 ISA bridge PIIX3, 1.1 IDE PIIX3 (compatible mode, no bus master), 1.3 power management
 * PIIX4 with its ports at 600h.
 */
import { Device, type PortDevice, type Width } from "../device.ts";

interface State {
  address: number;
  resetControl: number;
  functions: Uint8Array[];
}

interface Function {
  readonly slot: number;
  readonly id: number;
  readonly classCode: number;
  readonly header?: number;
  readonly fixed?: readonly (readonly [register: number, value: number])[];
}

const FUNCTIONS: readonly Function[] = [
  { slot: 0x00, id: 0x1237_8086, classCode: 0x060000_02 },
  { slot: 0x08, id: 0x7000_8086, classCode: 0x060100_00, header: 0x80 },
  // IDE timing registers: both channels are decoded.
  { slot: 0x09, id: 0x7010_8086, classCode: 0x010180_00, fixed: [[0x40, 0x8000_8000]] },
  // Base of the power management ports, and their enable bit.
  {
    slot: 0x0b,
    id: 0x7113_8086,
    classCode: 0x068000_03,
    fixed: [
      [0x40, 0x601],
      [0x80, 1],
    ],
  },
];

function configuration({ id, classCode, header, fixed }: Function): Uint8Array {
  const bytes = new Uint8Array(256);
  const view = new DataView(bytes.buffer);
  view.setUint32(0x00, id, true);
  // I/O and memory decoding are on; medium DEVSEL timing.
  view.setUint32(0x04, 0x0280_0003, true);
  view.setUint32(0x08, classCode, true);
  bytes[0x0e] = header ?? 0;
  for (const [register, value] of fixed ?? []) view.setUint32(register, value, true);
  return bytes;
}

const initial = (): State => ({ address: 0, resetControl: 0, functions: FUNCTIONS.map(configuration) });

export class Pci extends Device<State> implements PortDevice {
  readonly name = "pci";
  protected state = initial();

  constructor(private readonly resetLine: () => void) {
    super();
  }

  reset(): void {
    this.state = initial();
  }

  readPort(port: number, width: Width): number {
    const { state } = this;
    if (port === 0xcf9 && width === 1) return state.resetControl;
    if (port === 0xcf8) return width === 4 ? state.address >>> 0 : allOnes(width);
    if (port < 0xcfc) return allOnes(width);
    const bytes = this.selected();
    if (!bytes) return allOnes(width);
    let value = 0;
    for (let index = 0; index < width; index++) value |= bytes[this.register(port) + index] << (8 * index);
    return value >>> 0;
  }

  writePort(port: number, width: Width, value: number): void {
    const { state } = this;
    if (port === 0xcf9 && width === 1) {
      // The bit that resets never stays set.
      state.resetControl = value & 2;
      if (value & 4) this.resetLine();
    } else if (port === 0xcf8 && width === 4) state.address = value & 0x80fffffc;
    else if (port >= 0xcfc) {
      const bytes = this.selected();
      // The header is fixed: no part here has base addresses to place. Device-specific registers can be stored.
      for (let index = 0; bytes && index < width; index++) {
        const register = this.register(port) + index;
        if (register >= 0x44 || register === 0x3c) bytes[register] = value >>> (8 * index);
      }
    }
  }

  private register(port: number): number {
    return (this.state.address & 0xfc) | (port & 3);
  }

  private selected(): Uint8Array | undefined {
    const { address, functions } = this.state;
    if (address >= 0) return undefined;
    const index = FUNCTIONS.findIndex(({ slot }) => slot === ((address >> 8) & 0xffff));
    return functions[index];
  }
}

const allOnes = (width: Width): number => (width === 4 ? 0xffffffff : (1 << (8 * width)) - 1);
