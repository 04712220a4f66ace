/** The kernel's linked lists. */
import type { Struct } from "../herald/layout";
import type { GuestMemory } from "./memory";
import type { StructView } from "./structures";

export interface Walked<Names extends string> {
  readonly items: readonly StructView<Names>[];
  /** Why the list ended before it came back to its head. */
  readonly note?: string;
}

/**
 * The structures of a circular list (structs.list_node), in order; `link` is the field by which they hang in it. The instant may lie in
 * the middle of an insertion, or the list may be damaged: then what can be read is returned, with a note.
 */
export function walkList<Names extends string>(
  memory: GuestMemory,
  head: bigint,
  structure: Struct<Names>,
  link: NoInfer<Names>,
  most: number,
): Walked<Names> {
  const offset = BigInt(structure.fields[link].offset);
  const items: StructView<Names>[] = [];
  const seen = new Set<bigint>([head]);
  let node = memory.u64(head);
  while (node !== head) {
    if (node === undefined) return { items, note: `a list of ${structure.name} leads out of memory` };
    if (node === 0n) return { items, note: `a list of ${structure.name} is not yet built` };
    if (seen.has(node)) return { items, note: `a list of ${structure.name} turns back into itself` };
    if (items.length === most) return { items, note: `only the first ${most} of a list of ${structure.name}` };
    const item = memory.structure(structure, node - offset);
    if (!item) return { items, note: `a list of ${structure.name} leads out of memory` };
    seen.add(node);
    items.push(item);
    node = memory.u64(node);
  }
  return { items };
}
