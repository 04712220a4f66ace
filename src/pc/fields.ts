/** The CPU's architectural fields as values: what a snapshot keeps of it. What is not architectural is made again from these. */
import { CpuState, layout, type FieldName } from "../engine/state.ts";

export type CpuFields = Readonly<Record<string, readonly bigint[]>>;

const architectural = (): FieldName[] =>
  (Object.keys(layout) as FieldName[]).filter((name) => layout[name].architectural);

export function readFields(memory: WebAssembly.Memory): CpuFields {
  const state = new CpuState(memory);
  const fields = architectural().map((name): [string, bigint[]] => [
    name,
    Array.from({ length: layout[name].count }, (_, index) => state.get(name, index)),
  ]);
  return Object.fromEntries(fields);
}

/** The answer is the name of a field that is missing or has another length; then some may be written already. */
export function writeFields(memory: WebAssembly.Memory, fields: CpuFields): string | undefined {
  const state = new CpuState(memory);
  for (const name of architectural()) {
    const values = fields[name];
    if (values?.length !== layout[name].count) return name;
    values.forEach((value, index) => state.set(name, value, index));
  }
  return undefined;
}
