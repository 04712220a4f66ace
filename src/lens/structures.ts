/** Structures of the kernel, read field by field through their description in herald/layout.ts. */
import type { Field, Struct } from "../herald/layout";

/** One structure in memory. Its bytes are known to be there; a field is read when it is asked for. */
export class StructView<Names extends string = string> {
  constructor(
    readonly structure: Struct<Names>,
    private readonly view: DataView,
    private readonly at: number,
    /** Its virtual address in the guest. */
    readonly address: bigint,
  ) {}

  private position(field: Field, index: number): number {
    if (index < 0 || index >= field.count) throw new RangeError(`${this.structure.name}: index ${index}`);
    return this.at + field.offset + index * field.size;
  }

  /** An integer field as a number; 64-bit ones lose exactness beyond 2^53, so they are for counts and times only. */
  number(name: Names, index = 0): number {
    const field = this.structure.fields[name];
    const at = this.position(field, index);
    switch (field.type) {
      case "u8":
      case "char":
        return this.view.getUint8(at);
      case "u16":
        return this.view.getUint16(at, true);
      case "u32":
        return this.view.getUint32(at, true);
      case "i32":
        return this.view.getInt32(at, true);
      default:
        return this.view.getUint32(at, true) + this.view.getUint32(at + 4, true) * 2 ** 32;
    }
  }

  /** A 64-bit field: an address or a register. */
  big(name: Names, index = 0): bigint {
    return this.view.getBigUint64(this.position(this.structure.fields[name], index), true);
  }

  text(name: Names): string {
    const field = this.structure.fields[name];
    let text = "";
    for (let i = 0; i < field.count; i++) {
      const code = this.view.getUint8(this.at + field.offset + i);
      if (code === 0) break;
      text += code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : "\ufffd";
    }
    return text;
  }

  /** An embedded structure. */
  inner<Inner extends string>(name: Names, structure: Struct<Inner>): StructView<Inner> {
    const field = this.structure.fields[name];
    if (field.struct?.name !== structure.name)
      throw new TypeError(`${this.structure.name}.${name} is no ${structure.name}`);
    return new StructView(structure, this.view, this.at + field.offset, this.addressOf(name));
  }

  /** Virtual address of a field. */
  addressOf(name: Names): bigint {
    return this.address + BigInt(this.structure.fields[name].offset);
  }
}
