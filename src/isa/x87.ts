/** How x87 instructions are written down: see x87arithmetic.ts. */
import { constant } from "./expression";
import { FPU_KINDS } from "./floatcodes";
import { type Definition, instruction } from "./notation";

export const number = (value: number) => constant(64, value);
export const kindNumber = (kind: (typeof FPU_KINDS)[number]) => number(FPU_KINDS.indexOf(kind));

export function x87(name: string, forms: readonly string[], text: string, definition: Partial<Definition>): void {
  instruction(name, { forms, unit: "fpu", section: `SDM 2A ${name.toUpperCase()}`, text, ...definition });
}
