/** Which blocks of a region lie on loops (Tarjan: Depth-First Search and Linear Graph Algorithms). */
import { type RegionBlock, successors } from "./graph";

/** The loops of a graph, each as the set of its blocks: strongly connected components with a way from a block back to itself. */
export function cyclesOf(blocks: ReadonlyMap<bigint, RegionBlock>): Set<bigint>[] {
  const next = new Map([...blocks].map(([rip, block]) => [rip, successors(block, blocks)]));
  const number = new Map<bigint, number>();
  const lowest = new Map<bigint, number>();
  const open: bigint[] = [];
  const isOpen = new Set<bigint>();
  const found: Set<bigint>[] = [];

  const enter = (rip: bigint) => {
    number.set(rip, number.size);
    lowest.set(rip, number.get(rip)!);
    open.push(rip);
    isOpen.add(rip);
    return { rip, at: 0 };
  };
  const lower = (rip: bigint, to: number) => void lowest.set(rip, Math.min(lowest.get(rip)!, to));
  const close = (rip: bigint) => {
    const members = open.splice(open.lastIndexOf(rip));
    for (const member of members) isOpen.delete(member);
    if (members.length > 1 || next.get(rip)!.includes(rip)) found.push(new Set(members));
  };

  for (const first of blocks.keys()) {
    if (number.has(first)) continue;
    const path = [enter(first)];
    while (path.length) {
      const top = path[path.length - 1];
      const to = next.get(top.rip)![top.at++];
      if (to === undefined) {
        path.pop();
        if (path.length) lower(path[path.length - 1].rip, lowest.get(top.rip)!);
        if (lowest.get(top.rip) === number.get(top.rip)) close(top.rip);
      } else if (!number.has(to)) path.push(enter(to));
      else if (isOpen.has(to)) lower(top.rip, number.get(to)!);
    }
  }
  return found;
}
