/**
 * Programs that reached something that none before them had: what comes next is often one of them with some of its pieces changed. What was
 * reached is told by coverage.ts. A run with the same seed makes the same programs.
 */
import { random } from "../cases";
import { chance, pick } from "./programs/dice";
import { randomProgram, type Recipe } from "./programs";

const MOST_CHANGES = 3;
/** Of programs, in percent. */
const CHANGED = 60;

export class Corpus {
  private readonly kept: Recipe[] = [];
  private readonly reached = new Set<string>();
  /** What was reached first by programs that were changed, and by fresh ones. */
  private readonly firsts = { changed: 0, fresh: 0 };

  /** A program reached these. */
  note(recipe: Recipe, found: Iterable<string>): void {
    const before = this.reached.size;
    for (const one of found) this.reached.add(one);
    const more = this.reached.size - before;
    if (more === 0) return;
    this.firsts[recipe.changes ? "changed" : "fresh"] += more;
    this.kept.push(recipe);
  }

  /** The recipe itself, or a program that was kept, changed. */
  vary(recipe: Recipe): Recipe {
    const next = random(recipe.seed ^ 0x51ed);
    if (this.kept.length === 0 || !chance(next, CHANGED)) return recipe;
    const from = pick(next, this.kept);
    const { pieces } = randomProgram(from);
    const changes = new Map(from.changes);
    for (let n = 1 + (next() % MOST_CHANGES); n > 0; n--) changes.set(next() % pieces, next());
    return { ...from, changes };
  }

  report(): string {
    const { changed, fresh } = this.firsts;
    const all = `${this.reached.size} outcomes of forms, ${changed} of them first by changed programs, ${fresh} by fresh ones`;
    return `${all}; ${this.kept.length} programs kept`;
  }
}
