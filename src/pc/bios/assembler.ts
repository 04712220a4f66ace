/** The few 16-bit instructions that the firmware's entry points are made of. Each method appends one instruction. */
export type Register16 = "ax" | "cx" | "dx" | "bx" | "sp" | "bp" | "si" | "di";
export type Segment = "es" | "cs" | "ss" | "ds";
export type Condition = "b" | "ae" | "z" | "nz";

const REGISTERS: readonly Register16[] = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
const SEGMENTS: readonly Segment[] = ["es", "cs", "ss", "ds"];
const CONDITIONS: Readonly<Record<Condition, number>> = { b: 2, ae: 3, z: 4, nz: 5 };

export class Assembler {
  private at = 0;
  private readonly labels = new Map<string, number>();
  private readonly jumps: { at: number; label: string }[] = [];

  constructor(readonly bytes: Uint8Array) {}

  /** Go on at this offset of the segment. */
  org(offset: number): this {
    this.at = offset;
    return this;
  }

  get offset(): number {
    return this.at;
  }

  label(name: string): this {
    if (this.labels.has(name)) throw new Error(`firmware: label ${name} twice`);
    this.labels.set(name, this.at);
    return this;
  }

  addressOf(name: string): number {
    const address = this.labels.get(name);
    if (address === undefined) throw new Error(`firmware: no label ${name}`);
    return address;
  }

  data(...bytes: number[]): this {
    if (this.at + bytes.length > this.bytes.length) throw new Error("firmware: beyond the segment");
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
    return this;
  }

  word(value: number): this {
    return this.data(value & 0xff, (value >> 8) & 0xff);
  }

  dword(value: number): this {
    return this.word(value & 0xffff).word(value >>> 16);
  }

  text(value: string): this {
    return this.data(...[...value].map((character) => character.charCodeAt(0)));
  }

  /** Fills in the distances of jumps to labels. */
  finish(): void {
    for (const { at, label } of this.jumps) {
      const distance = this.addressOf(label) - (at + 1);
      if (distance < -128 || distance > 127) throw new Error(`firmware: ${label} is too far`);
      this.bytes[at] = distance & 0xff;
    }
  }

  private short(opcode: number, label: string): this {
    this.data(opcode);
    this.jumps.push({ at: this.at, label });
    return this.data(0);
  }

  jump = (label: string) => this.short(0xeb, label);
  jumpIf = (condition: Condition, label: string) => this.short(0x70 | CONDITIONS[condition], label);
  jumpFar = (segment: number, offset: number) => this.data(0xea).word(offset).word(segment);
  /** JMP FAR [address] */
  jumpFarAt = (address: number) => this.data(0xff, 0x2e).word(address);
  cli = () => this.data(0xfa);
  sti = () => this.data(0xfb);
  stc = () => this.data(0xf9);
  hlt = () => this.data(0xf4);
  iret = () => this.data(0xcf);
  int = (vector: number) => this.data(0xcd, vector);
  push = (register: Register16) => this.data(0x50 | REGISTERS.indexOf(register));
  pop = (register: Register16) => this.data(0x58 | REGISTERS.indexOf(register));
  pushSegment = (segment: Segment) => this.data(0x06 | (SEGMENTS.indexOf(segment) << 3));
  popSegment = (segment: Exclude<Segment, "cs">) => this.data(0x07 | (SEGMENTS.indexOf(segment) << 3));
  pushImmediate = (value: number) => this.data(0x68).word(value);
  move = (register: Register16, value: number) => this.data(0xb8 | REGISTERS.indexOf(register)).word(value);
  moveToSegment = (segment: Exclude<Segment, "cs">, from: Register16) =>
    this.data(0x8e, 0xc0 | (SEGMENTS.indexOf(segment) << 3) | REGISTERS.indexOf(from));
  moveAl = (value: number) => this.data(0xb0, value);
  moveAh = (value: number) => this.data(0xb4, value);
  /** MOV AX,[address] */
  loadAx = (address: number) => this.data(0xa1).word(address);
  /** CMP AX,[address] */
  compareAx = (address: number) => this.data(0x3b, 0x06).word(address);
  compareAh = (value: number) => this.data(0x80, 0xfc, value);
  testAh = (value: number) => this.data(0xf6, 0xc4, value);
  testAx = () => this.data(0x85, 0xc0);
  clearAx = () => this.data(0x31, 0xc0);
  addSp = (value: number) => this.data(0x83, 0xc4, value);
  inAl = (port: number) => this.data(0xe4, port);
  outAl = (port: number) => this.data(0xe6, port);
  testByte = (address: number, value: number) => this.data(0xf6, 0x06).word(address).data(value);
  storeByte = (address: number, value: number) => this.data(0xc6, 0x06).word(address).data(value);
  incrementByte = (address: number) => this.data(0xfe, 0x06).word(address);
  incrementDword = (address: number) => this.data(0x66, 0xff, 0x06).word(address);
  compareDword = (address: number, value: number) => this.data(0x66, 0x81, 0x3e).word(address).dword(value);
  storeDword = (address: number, value: number) => this.data(0x66, 0xc7, 0x06).word(address).dword(value);
}
