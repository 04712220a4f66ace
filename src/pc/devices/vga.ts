/**
 * VGA in text mode (IBM VGA technical reference). The picture memory A0000h-BFFFFh is plain RAM.
 *
 *   3C0  W attribute index/data in turn, 3C1 R attribute data     3CE/3CF graphics controller
 *   3C2  W miscellaneous (R status 0), 3CC R miscellaneous        3D4/3D5 CRT controller (3B4/3B5 when miscellaneous bit 0 is 0)
 *   3C4/3C5 sequencer   3C6 DAC mask, 3C7/3C8/3C9 DAC             3DA R status 1: 0 not displaying, 3 vertical retrace; resets 3C0
 *
 * Every register can be stored and read back. What is shown follows the start address, the cursor, the row length, the cell's height and
 * the number of rows of the CRT controller; palette, colour select and blinking of the attribute controller; and the DAC. Deviation: A0000h-AFFFFh and B0000h-B7FFFh answer in text mode too.
 */
import { Device, type Host, type PortDevice, type Width } from "../device.ts";

export interface TextScreen {
  readonly columns: number;
  readonly rows: number;
  /** Character code and attribute of each cell, row by row: code | attribute << 8. */
  readonly cells: Uint16Array;
  readonly cursor: TextCursor;
  /** Lines of a character cell. */
  readonly lines: number;
  /** Bit 7 of an attribute: the character blinks; otherwise the background is bright. */
  readonly blink: boolean;
  /** The 16 colours, each 0xRRGGBB. */
  readonly palette: readonly number[];
  /** False while a graphics mode is programmed: the cells are then what the text memory holds. */
  readonly text: boolean;
}

export interface TextCursor {
  readonly column: number;
  readonly row: number;
  readonly visible: boolean;
  /** First and last line of the cell that it covers. */
  readonly first: number;
  readonly last: number;
}

interface State {
  attributeIndex: number;
  attributeData: boolean;
  attribute: Uint8Array;
  miscellaneous: number;
  sequencerIndex: number;
  sequencer: Uint8Array;
  graphicsIndex: number;
  graphics: Uint8Array;
  crtcIndex: number;
  crtc: Uint8Array;
  dacMask: number;
  dac: Uint8Array;
  dacRead: number;
  dacWrite: number;
}

/** Mode 3, 80 by 25 characters of 9 by 16 (VGA technical reference, register values of mode 3+). */
const CRTC_MODE3 = [
  0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f,
  0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff,
];
const ATTRIBUTE_MODE3 = [
  0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x0c, 0x00, 0x0f, 0x08, 0x00,
];

function textMode(): State {
  return {
    attributeIndex: 0x20,
    attributeData: false,
    attribute: padded(ATTRIBUTE_MODE3, 32),
    miscellaneous: 0x67,
    sequencerIndex: 0,
    sequencer: padded([0x03, 0x00, 0x03, 0x00, 0x02], 8),
    graphicsIndex: 0,
    graphics: padded([0, 0, 0, 0, 0, 0x10, 0x0e, 0x00, 0xff], 16),
    crtcIndex: 0,
    crtc: padded(CRTC_MODE3, 32),
    dacMask: 0xff,
    dac: egaPalette(),
    dacRead: 0,
    dacWrite: 0,
  };
}

const padded = (values: readonly number[], length: number): Uint8Array => {
  const array = new Uint8Array(length);
  array.set(values);
  return array;
};

/** The 64 EGA colours at the start of the DAC: bits rgbRGB, a third and two thirds of full intensity. */
function egaPalette(): Uint8Array {
  const dac = new Uint8Array(768);
  for (let colour = 0; colour < 64; colour++)
    for (let gun = 0; gun < 3; gun++)
      dac[colour * 3 + gun] = (colour & (4 >> gun) ? 0x2a : 0) + (colour & (0x20 >> gun) ? 0x15 : 0);
  return dac;
}

/** Registers of the attribute controller behind the palette. */
const MODE_CONTROL = 0x10;
const COLOUR_SELECT = 0x14;

const LINE_HERTZ = 31_469;
const LINES = 449;
const DISPLAYED_LINES = 400;
const RETRACE_FIRST = 412;
const RETRACE_LINES = 2;
/** Share of a line that is not displayed: 160 of 800 dots. */
const CHARACTER_CLOCKS = 100;
const DISPLAYED_CLOCKS = 80;

export class Vga extends Device<State> implements PortDevice {
  readonly name = "vga";
  protected state = textMode();

  constructor(private readonly host: Host) {
    super();
  }

  reset(): void {
    this.state = textMode();
  }

  /** Mode set of the firmware. */
  setTextMode(columns: 40 | 80): void {
    this.state = textMode();
    if (columns === 40) {
      this.state.crtc[0x01] = 39;
      this.state.crtc[0x13] = 20;
    }
  }

  set cursorShape(shape: { start: number; end: number }) {
    this.state.crtc[0x0a] = shape.start;
    this.state.crtc[0x0b] = shape.end;
  }

  /** Cell number relative to the picture memory at which the cursor stands. */
  set cursorCell(cell: number) {
    this.pair(0x0e, cell);
  }

  /** Cell number of the upper left corner. */
  set startCell(cell: number) {
    this.pair(0x0c, cell);
  }

  readPort(port: number, _width: Width): number {
    const { state } = this;
    switch (port) {
      case 0x3c0:
        return state.attributeIndex;
      case 0x3c1:
        return state.attribute[state.attributeIndex & 31];
      case 0x3c2:
        return 0x10;
      case 0x3c4:
        return state.sequencerIndex;
      case 0x3c5:
        return state.sequencer[state.sequencerIndex & 7];
      case 0x3c6:
        return state.dacMask;
      case 0x3c7:
        return 0;
      case 0x3c8:
        return Math.floor(state.dacWrite / 3);
      case 0x3c9: {
        const value = state.dac[state.dacRead];
        state.dacRead = (state.dacRead + 1) % 768;
        return value;
      }
      case 0x3cc:
        return state.miscellaneous;
      case 0x3ce:
        return state.graphicsIndex;
      case 0x3cf:
        return state.graphics[state.graphicsIndex & 15];
    }
    return this.readCrtc(port);
  }

  writePort(port: number, _width: Width, value: number): void {
    const { state } = this;
    switch (port) {
      case 0x3c0:
        this.writeAttribute(value);
        break;
      case 0x3c2:
        state.miscellaneous = value;
        break;
      case 0x3c4:
        state.sequencerIndex = value;
        break;
      case 0x3c5:
        state.sequencer[state.sequencerIndex & 7] = value;
        break;
      case 0x3c6:
        state.dacMask = value;
        break;
      case 0x3c7:
        state.dacRead = value * 3;
        break;
      case 0x3c8:
        state.dacWrite = value * 3;
        break;
      case 0x3c9:
        state.dac[state.dacWrite] = value & 0x3f;
        state.dacWrite = (state.dacWrite + 1) % 768;
        break;
      case 0x3ce:
        state.graphicsIndex = value;
        break;
      case 0x3cf:
        state.graphics[state.graphicsIndex & 15] = value;
        break;
      default:
        this.writeCrtc(port, value);
    }
  }

  /** The screen as it would be seen. `ram` is guest physical memory. */
  screen(ram: Uint8Array): TextScreen {
    const { crtc, graphics } = this.state;
    const columns = crtc[0x01] + 1;
    const lines = (crtc[0x12] | ((crtc[0x07] & 2) << 7) | ((crtc[0x07] & 0x40) << 3)) + 1;
    const rows = Math.max(1, Math.floor(lines / ((crtc[0x09] & 31) + 1)));
    const base = ((graphics[6] >> 2) & 3) === 2 ? 0xb0000 : 0xb8000;
    const start = (crtc[0x0c] << 8) | crtc[0x0d];
    const stride = crtc[0x13] * 2;
    const cells = new Uint16Array(columns * rows);
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) {
        const address = base + (((start + row * stride + column) * 2) & 0x7fff);
        cells[row * columns + column] = ram[address] | (ram[address + 1] << 8);
      }
    const at = ((crtc[0x0e] << 8) | crtc[0x0f]) - start;
    const inside = at >= 0 && stride > 0 && Math.floor(at / stride) < rows && at % stride < columns;
    const shown = !(crtc[0x0a] & 0x20) && (crtc[0x0a] & 31) <= (crtc[0x0b] & 31);
    return {
      columns,
      rows,
      cells,
      cursor: {
        column: inside ? at % stride : 0,
        row: inside ? Math.floor(at / stride) : 0,
        visible: inside && shown,
        first: crtc[0x0a] & 31,
        last: Math.min(crtc[0x0b] & 31, crtc[0x09] & 31),
      },
      lines: (crtc[0x09] & 31) + 1,
      blink: (this.state.attribute[MODE_CONTROL] & 8) !== 0,
      palette: Array.from({ length: 16 }, (_, colour) => this.colour(colour)),
      text: !(graphics[6] & 1),
    };
  }

  /** Attribute colour to palette register, colour select register and mask to DAC register (VGA technical reference, 2-92 to 2-104). */
  private colour(colour: number): number {
    const { attribute, dac, dacMask } = this.state;
    const select = attribute[COLOUR_SELECT];
    let index = attribute[colour] & 63;
    if (attribute[MODE_CONTROL] & 0x80) index = (index & 15) | ((select & 3) << 4);
    const at = ((index | ((select & 12) << 4)) & dacMask) * 3;
    const gun = (value: number) => (value << 2) | (value >> 4);
    return (gun(dac[at]) << 16) | (gun(dac[at + 1]) << 8) | gun(dac[at + 2]);
  }

  /** Height of the character cells; the 400 lines hold as many whole rows as there is room for. */
  set cellLines(lines: number) {
    const { crtc } = this.state;
    crtc[0x09] = (crtc[0x09] & 0xe0) | (lines - 1);
  }

  private pair(register: number, value: number): void {
    this.state.crtc[register] = (value >> 8) & 0xff;
    this.state.crtc[register + 1] = value & 0xff;
  }

  private writeAttribute(value: number): void {
    const { state } = this;
    if (state.attributeData) state.attribute[state.attributeIndex & 31] = value;
    else state.attributeIndex = value & 0x3f;
    state.attributeData = !state.attributeData;
  }

  /** The CRT controller answers at 3Dx with colour, at 3Bx with monochrome. */
  private atOtherAddress(port: number): boolean {
    return port >= 0x3d0 !== ((this.state.miscellaneous & 1) !== 0);
  }

  private readCrtc(port: number): number {
    const { state } = this;
    if (this.atOtherAddress(port)) return 0xff;
    if ((port & 15) === 4) return state.crtcIndex;
    if ((port & 15) === 5) return state.crtc[state.crtcIndex & 31];
    if ((port & 15) !== 10) return 0xff;
    state.attributeData = false;
    return this.beam();
  }

  private writeCrtc(port: number, value: number): void {
    const { state } = this;
    if (this.atOtherAddress(port)) return;
    if ((port & 15) === 4) state.crtcIndex = value;
    else if ((port & 15) === 5) {
      const index = state.crtcIndex & 31;
      // Register 11h bit 7 protects 0 to 7, except bit 4 of 7.
      if (state.crtc[0x11] & 0x80 && index <= 7) {
        if (index === 7) state.crtc[7] = (state.crtc[7] & ~0x10) | (value & 0x10);
      } else state.crtc[index] = value;
    }
  }

  /** Input status 1 from where the beam is at this tick. */
  private beam(): number {
    const clocks = this.host.clock.count(this.host.now(), LINE_HERTZ * CHARACTER_CLOCKS);
    const line = Math.floor(clocks / CHARACTER_CLOCKS) % LINES;
    const retrace = line >= RETRACE_FIRST && line < RETRACE_FIRST + RETRACE_LINES;
    const blank = line >= DISPLAYED_LINES || clocks % CHARACTER_CLOCKS >= DISPLAYED_CLOCKS;
    return (blank ? 1 : 0) | (retrace ? 8 : 0);
  }
}
