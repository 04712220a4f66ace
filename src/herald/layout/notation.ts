/** How the layout is written down: fields, structures, enumerations. Offsets and sizes derive from the order of the fields. */

export type ScalarType = "u8" | "u16" | "u32" | "u64" | "i32" | "i64" | "char" | "pointer";
export type FieldType = ScalarType | "struct";

interface FieldSpec {
  readonly type: FieldType;
  readonly count: number;
  readonly text: string;
  /** The embedded structure when type is "struct". */
  readonly struct?: Struct;
  /** What a pointer points to, as C writes it (without the star); "void" when nobody needs to know. */
  readonly target?: string;
}

export interface Field extends FieldSpec {
  readonly offset: number;
  /** Bytes of one element. */
  readonly size: number;
}

export interface Struct<Names extends string = string> {
  readonly name: string;
  readonly text: string;
  readonly size: number;
  readonly alignment: number;
  readonly fields: Readonly<Record<Names, Field>>;
}

const scalarSize: Readonly<Record<ScalarType, number>> = {
  u8: 1,
  u16: 2,
  u32: 4,
  u64: 8,
  i32: 4,
  i64: 8,
  char: 1,
  pointer: 8,
};

const scalar =
  (type: ScalarType) =>
  (text: string, count = 1): FieldSpec => ({ type, count, text });
export const u8 = scalar("u8");
export const u16 = scalar("u16");
export const u32 = scalar("u32");
export const u64 = scalar("u64");
export const i32 = scalar("i32");
export const chars = (count: number, text: string): FieldSpec => ({ type: "char", count, text });
export const pointer = (target: string, text: string, count = 1): FieldSpec => ({
  type: "pointer",
  count,
  text,
  target,
});
export const embed = (embedded: Struct, text: string, count = 1): FieldSpec => ({
  type: "struct",
  count,
  text,
  struct: embedded,
});

/** Lays the fields out as the x86-64 C ABI does; a gap is an error, so that every byte has a name. */
export function struct<Names extends string>(
  name: string,
  text: string,
  spec: Record<Names, FieldSpec>,
): Struct<Names> {
  const fields = {} as Record<Names, Field>;
  let offset = 0;
  let alignment = 1;
  for (const key of Object.keys(spec) as Names[]) {
    const field = spec[key];
    const size = field.struct ? field.struct.size : scalarSize[field.type as ScalarType];
    const align = field.struct ? field.struct.alignment : size;
    if (offset % align !== 0) throw new Error(`layout: ${name}.${key} at ${offset} is not aligned to ${align}`);
    fields[key] = { ...field, offset, size };
    offset += size * field.count;
    alignment = Math.max(alignment, align);
  }
  if (offset % alignment !== 0) throw new Error(`layout: ${name} has ${offset} bytes, not a multiple of ${alignment}`);
  return { name, text, size: offset, alignment, fields };
}

export interface Enumeration<Names extends string = string> {
  readonly name: string;
  readonly prefix: string;
  readonly text: string;
  readonly byName: Readonly<Record<Names, number>>;
  readonly byValue: Readonly<Record<number, Names>>;
  readonly explain: Readonly<Record<Names, string>>;
}

/** C gets `PREFIX_NAME = value`; each entry is [value, explanation]. */
export function enumeration<Names extends string>(
  prefix: string,
  text: string,
  entries: Record<Names, readonly [number, string]>,
): Omit<Enumeration<Names>, "name"> {
  const byName = {} as Record<Names, number>;
  const byValue: Record<number, Names> = {};
  const explain = {} as Record<Names, string>;
  for (const key of Object.keys(entries) as Names[]) {
    const [value, meaning] = entries[key];
    if (byValue[value] !== undefined)
      throw new Error(`layout: ${prefix}: ${key} and ${byValue[value]} are both ${value}`);
    byName[key] = value;
    byValue[value] = key;
    explain[key] = meaning;
  }
  return { prefix, text, byName, byValue, explain };
}

/** Each by the name it stands under. */
export function named<Nameless extends Record<string, object>>(
  all: Nameless,
): { readonly [Name in keyof Nameless]: Nameless[Name] & { readonly name: string } } {
  const entries = Object.entries(all).map(([name, one]) => [name, { ...one, name }]);
  return Object.fromEntries(entries) as { [Name in keyof Nameless]: Nameless[Name] & { name: string } };
}
