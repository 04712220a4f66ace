/** INT 10h in text modes (VGA technical reference; RBIL 10h). Graphics modes are refused: the mode stays what it is. */
import { BDA } from "./bda.ts";
import type { Guest } from "./guest.ts";

const TEXT = 0xb8000;
const CRTC_PORT = 0x3d4;
const PAGES = 8;
const BLANK_ATTRIBUTE = 0x07;
const CURSOR_SHAPE = 0x0d0e;
/** Display combination code: VGA with an analogue colour display. */
const VGA_COLOUR = 8;

interface Position {
  column: number;
  row: number;
}

export class Video {
  constructor(private readonly guest: Guest) {}

  /** INT 10h */
  call(): void {
    const { guest } = this;
    const page = guest.high("bx") & 7;
    switch (guest.high("ax")) {
      case 0x00:
        return this.setMode(guest.low("ax"));
      case 0x01:
        return this.setShape(guest.get16("cx"));
      case 0x02:
        return this.setCursor(page, { column: guest.low("dx"), row: guest.high("dx") });
      case 0x03:
        guest.set16("cx", guest.bda16(BDA.cursorShape));
        return guest.set16("dx", guest.bda16(BDA.cursor + 2 * page));
      case 0x05:
        return this.setPage(guest.low("ax") & 7);
      case 0x06:
      case 0x07:
        return this.scrollCall();
      case 0x08:
        return guest.set16("ax", guest.read16(this.cell(page, this.cursor(page))));
      case 0x09:
      case 0x0a:
        return this.writeRepeated(page, guest.high("ax") === 0x09);
      case 0x0e:
        return this.teletype(guest.low("ax"), guest.bda8(BDA.page));
      case 0x0f:
        guest.set16("ax", (this.columns << 8) | guest.bda8(BDA.mode));
        return guest.setHigh("bx", guest.bda8(BDA.page));
      case 0x10:
        return this.palette();
      case 0x11:
        return this.font();
      case 0x12:
        return this.alternate();
      case 0x13:
        return this.writeString(page);
      case 0x1a:
        if (guest.low("ax") === 0) guest.set16("bx", VGA_COLOUR);
        return guest.setLow("ax", 0x1a);
      case 0x4f:
        // VESA: AL other than 4Fh says "not supported".
        return guest.set16("ax", 0x0100);
      // 04h light pen, 0Bh-0Dh CGA colours and dots, 1Bh, 1Ch: nothing to do in a text mode.
    }
  }

  setMode(request: number): void {
    const { guest } = this;
    const mode = request & 0x7f;
    if (mode > 3 && mode !== 7) return;
    const columns = mode < 2 ? 40 : 80;
    guest.board.vga.setTextMode(columns);
    guest.setBda8(BDA.mode, mode === 7 ? 3 : mode);
    guest.setBda16(BDA.columns, columns);
    guest.setBda16(BDA.pageSize, columns === 40 ? 0x800 : 0x1000);
    guest.setBda16(BDA.pageStart, 0);
    guest.setBda8(BDA.page, 0);
    guest.setBda16(BDA.crtcPort, CRTC_PORT);
    guest.setBda8(BDA.rows, 24);
    guest.setBda16(BDA.characterHeight, 16);
    guest.setBda8(BDA.videoControl, 0x60 | (request & 0x80));
    guest.setBda8(BDA.videoControl + 1, 0xf9);
    guest.setBda8(BDA.videoControl + 2, 0x51);
    guest.setBda16(BDA.cursorShape, 0x0607);
    for (let page = 0; page < PAGES; page++) guest.setBda16(BDA.cursor + 2 * page, 0);
    const blank = Uint8Array.from({ length: 0x8000 }, (_, index) => (index & 1 ? BLANK_ATTRIBUTE : 0x20));
    if (!(request & 0x80)) guest.writeBytes(TEXT, blank);
    this.showCursor();
  }

  /** Writes text as the teletype service does. */
  print(text: string): void {
    for (const character of text) this.teletype(character.charCodeAt(0), this.guest.bda8(BDA.page));
  }

  private get columns(): number {
    return this.guest.bda16(BDA.columns) || 80;
  }

  private get lastRow(): number {
    return this.guest.bda8(BDA.rows);
  }

  private cursor(page: number): Position {
    const { guest } = this;
    return { column: guest.bda8(BDA.cursor + 2 * page), row: guest.bda8(BDA.cursor + 2 * page + 1) };
  }

  private cell(page: number, { column, row }: Position): number {
    return TEXT + page * this.guest.bda16(BDA.pageSize) + (row * this.columns + column) * 2;
  }

  private setCursor(page: number, { column, row }: Position): void {
    this.guest.setBda16(BDA.cursor + 2 * page, column | (row << 8));
    if (page === this.guest.bda8(BDA.page)) this.showCursor();
  }

  private showCursor(): void {
    const page = this.guest.bda8(BDA.page);
    this.guest.board.vga.cursorCell = (this.cell(page, this.cursor(page)) - TEXT) / 2;
  }

  /** CGA shapes of 8 lines are stretched to 16, as VGA firmware does. */
  private setShape(shape: number): void {
    this.guest.setBda16(BDA.cursorShape, shape);
    const start = (shape >> 8) & 0x3f;
    const end = shape & 0x1f;
    const small = (start & 0x1f) < 8 && end < 8;
    const line = (value: number) => (value === 6 ? CURSOR_SHAPE >> 8 : value === 7 ? CURSOR_SHAPE & 31 : 2 * value);
    this.guest.board.vga.cursorShape = small
      ? { start: line(start & 0x1f) | (start & 0x20), end: line(end) }
      : { start, end };
  }

  private setPage(page: number): void {
    const { guest } = this;
    const start = page * guest.bda16(BDA.pageSize);
    guest.setBda8(BDA.page, page);
    guest.setBda16(BDA.pageStart, start);
    guest.board.vga.startCell = start / 2;
    this.showCursor();
  }

  private scrollCall(): void {
    const { guest } = this;
    const bottom = { column: guest.low("dx"), row: guest.high("dx") };
    const top = { column: guest.low("cx"), row: guest.high("cx") };
    const lines = guest.high("ax") === 6 ? guest.low("ax") : -guest.low("ax");
    this.scroll(guest.bda8(BDA.page), top, bottom, lines, guest.high("bx"));
  }

  /** Moves a window up by `lines` (down when negative); 0 clears it. */
  private scroll(page: number, top: Position, bottom: Position, lines: number, attribute: number): void {
    const { guest } = this;
    const right = Math.min(bottom.column, this.columns - 1);
    const last = Math.min(bottom.row, this.lastRow);
    const height = last - top.row + 1;
    const shift = lines === 0 || Math.abs(lines) > height ? height : lines;
    const rows = Array.from({ length: Math.max(0, height) }, (_, index) => top.row + index);
    const bytes = Math.max(0, right - top.column + 1) * 2;
    const blank = Uint8Array.from({ length: bytes }, (_, index) => (index & 1 ? attribute : 0x20));
    for (const row of shift > 0 ? rows : rows.reverse()) {
      const from = row + shift;
      const inside = from >= top.row && from <= last;
      const line = inside ? guest.readBytes(this.cell(page, { column: top.column, row: from }), bytes) : blank;
      guest.writeBytes(this.cell(page, { column: top.column, row }), line);
    }
  }

  private writeRepeated(page: number, withAttribute: boolean): void {
    const { guest } = this;
    const count = guest.get16("cx");
    let at = this.cell(page, this.cursor(page));
    for (let index = 0; index < count && at < TEXT + 0x8000; index++, at += 2) {
      guest.write8(at, guest.low("ax"));
      if (withAttribute) guest.write8(at + 1, guest.low("bx"));
    }
  }

  private teletype(character: number, page: number, attribute?: number): void {
    const { guest } = this;
    const at = this.cursor(page);
    if (character === 0x07) return;
    if (character === 0x08) at.column = Math.max(0, at.column - 1);
    else if (character === 0x0d) at.column = 0;
    else if (character === 0x0a) at.row++;
    else {
      guest.write8(this.cell(page, at), character);
      if (attribute !== undefined) guest.write8(this.cell(page, at) + 1, attribute);
      if (++at.column >= this.columns) {
        at.column = 0;
        at.row++;
      }
    }
    if (at.row > this.lastRow) {
      at.row = this.lastRow;
      const fill = guest.read8(this.cell(page, { column: this.columns - 1, row: this.lastRow }) + 1);
      this.scroll(page, { column: 0, row: 0 }, { column: this.columns - 1, row: this.lastRow }, 1, fill);
    }
    this.setCursor(page, at);
  }

  /** AH=13h. AL bit 0: leave the cursor behind the text; bit 1: the text holds attributes. */
  private writeString(page: number): void {
    const { guest } = this;
    const before = guest.bda16(BDA.cursor + 2 * page);
    const mode = guest.low("ax");
    const step = mode & 2 ? 2 : 1;
    const text = guest.linear("es", guest.get16("bp"));
    this.setCursor(page, { column: guest.low("dx"), row: guest.high("dx") });
    for (let index = 0; index < guest.get16("cx"); index++) {
      const attribute = mode & 2 ? guest.read8(text + index * step + 1) : guest.low("bx");
      this.teletype(guest.read8(text + index * step), page, attribute);
    }
    if (!(mode & 1)) this.setCursor(page, { column: before & 0xff, row: before >> 8 });
  }

  /** AH=10h: attribute controller and DAC registers. */
  private palette(): void {
    const { guest } = this;
    const { board } = guest;
    const set = (register: number, value: number) => {
      board.portRead(0x3da, 1);
      board.portWrite(0x3c0, 1, register);
      board.portWrite(0x3c0, 1, value);
      board.portWrite(0x3c0, 1, 0x20);
    };
    const get = (register: number): number => {
      board.portRead(0x3da, 1);
      board.portWrite(0x3c0, 1, register);
      const value = board.portRead(0x3c1, 1);
      board.portWrite(0x3c0, 1, 0x20);
      return value;
    };
    const call = guest.low("ax");
    if (call === 0x00) set(guest.low("bx") & 31, guest.high("bx"));
    else if (call === 0x01) set(0x11, guest.high("bx"));
    else if (call === 0x03) set(0x10, (get(0x10) & ~8) | (guest.low("bx") & 1 ? 8 : 0));
    else if (call === 0x07) guest.setHigh("bx", get(guest.low("bx") & 31));
    else if (call === 0x08) guest.setHigh("bx", get(0x11));
    else if (call === 0x10) {
      board.portWrite(0x3c8, 1, guest.low("bx"));
      for (const value of [guest.high("dx"), guest.high("cx"), guest.low("cx")]) board.portWrite(0x3c9, 1, value);
    } else if (call === 0x15) {
      board.portWrite(0x3c7, 1, guest.low("bx"));
      guest.setHigh("dx", board.portRead(0x3c9, 1));
      guest.setHigh("cx", board.portRead(0x3c9, 1));
      guest.setLow("cx", board.portRead(0x3c9, 1));
    }
  }

  /**
   * AH=11h: fonts lie outside the machine, so of loading one only the height of the cells is left. AL=x0h a font of BH lines, x1h 14,
   * x2h 8, x4h 16; with 10h the rows follow. AL=30h tells the measures.
   */
  private font(): void {
    const { guest } = this;
    const call = guest.low("ax");
    const lines = { 0x10: guest.high("bx"), 0x11: 14, 0x12: 8, 0x14: 16 }[call];
    if (lines !== undefined && lines >= 2 && lines <= 32) return this.setCell(lines);
    if (call !== 0x30) return;
    guest.set16("cx", guest.bda16(BDA.characterHeight));
    guest.setLow("dx", this.lastRow);
  }

  private setCell(lines: number): void {
    const { guest } = this;
    const rows = Math.floor(400 / lines);
    guest.board.vga.cellLines = lines;
    guest.setBda16(BDA.characterHeight, lines);
    guest.setBda8(BDA.rows, rows - 1);
    guest.setBda16(BDA.pageSize, rows * this.columns * 2);
    // The cursor is the two lines above the cell's last one.
    this.setShape(((lines - 3) << 8) | (lines - 2));
  }

  /** AH=12h: BL=10h memory size, 30h to 36h switches that are accepted. */
  private alternate(): void {
    const { guest } = this;
    const call = guest.low("bx");
    if (call === 0x10) {
      guest.set16("bx", 0x0003);
      guest.set16("cx", 0x0009);
    } else if (call >= 0x30 && call <= 0x36) guest.setLow("ax", 0x12);
  }
}
