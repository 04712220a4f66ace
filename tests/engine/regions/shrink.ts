/** Makes something that fails small: leaves out what it fails without. */

/** Numbers below `count` that can be left out together so that it still fails: more and more at once, then one by one. */
export function shrink(count: number, fails: (without: ReadonlySet<number>) => boolean): ReadonlySet<number> {
  let without: ReadonlySet<number> = new Set();
  for (let size = count >> 1; size >= 1; size >>= 1) {
    for (let from = 0; from < count; from += size) {
      const more = new Set(without);
      for (let n = from; n < Math.min(count, from + size); n++) more.add(n);
      if (more.size > without.size && fails(more)) without = more;
    }
  }
  return without;
}
