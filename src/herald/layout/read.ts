/** Reads guest memory through the description. */
import type { Field, ScalarType, Struct } from "./notation";

export type Value = number | bigint | string | Record_ | Value[];
interface Record_ {
  [field: string]: Value;
}

function readScalar(type: ScalarType, view: DataView, at: number): number | bigint {
  switch (type) {
    case "u8":
    case "char":
      return view.getUint8(at);
    case "u16":
      return view.getUint16(at, true);
    case "u32":
      return view.getUint32(at, true);
    case "i32":
      return view.getInt32(at, true);
    case "i64":
      return view.getBigInt64(at, true);
    case "u64":
    case "pointer":
      return view.getBigUint64(at, true);
  }
}

function readText(view: DataView, at: number, count: number): string {
  let text = "";
  for (let i = 0; i < count; i++) {
    const code = view.getUint8(at + i);
    if (code === 0) break;
    text += String.fromCharCode(code);
  }
  return text;
}

/** Reads one field; `at` is where the structure starts in the view. */
function readField(field: Field, view: DataView, at: number): Value {
  const start = at + field.offset;
  if (field.type === "char") return readText(view, start, field.count);
  const one = (position: number): Value =>
    field.struct ? read(field.struct, view, position) : readScalar(field.type as ScalarType, view, position);
  if (field.count === 1) return one(start);
  return Array.from({ length: field.count }, (_, index) => one(start + index * field.size));
}

/** Reads a whole structure. For hot paths use the offsets directly. */
export function read<Names extends string>(structure: Struct<Names>, view: DataView, at: number): Record<Names, Value> {
  const result = {} as Record<Names, Value>;
  for (const key of Object.keys(structure.fields) as Names[]) result[key] = readField(structure.fields[key], view, at);
  return result;
}
