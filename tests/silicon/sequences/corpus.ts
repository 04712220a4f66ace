/**
 * Programs that reached something that none before them had: what comes next is now and then one of them with some of its pieces changed,
 * the oftener the more such programs find, compared with fresh ones. What was reached is told by coverage.ts. A run with the same seed
 * makes the same programs.
 */
import { random } from "../cases";
import { chance, pick } from "./programs/dice";
import { randomProgram, type Recipe } from "./programs";

/** Programs that are changed ones, in percent: at least and at most. */
const FEWEST = 10,
  MOST = 90;

/** How many programs of a kind there were, and what they reached first. The older count less. */
class Yield {
  total = 0;
  private programs = 1;
  private recent = 1;

  note(firsts: number): void {
    this.total += firsts;
    const fading = 0.995;
    this.programs = this.programs * fading + 1;
    this.recent = this.recent * fading + firsts;
  }

  get each(): number {
    return this.recent / this.programs;
  }
}

export class Corpus {
  private readonly kept: Recipe[] = [];
  private readonly reached = new Set<string>();
  private readonly changed = new Yield();
  private readonly fresh = new Yield();

  /** A program reached these. */
  note(recipe: Recipe, found: Iterable<string>): void {
    const before = this.reached.size;
    for (const one of found) this.reached.add(one);
    const firsts = this.reached.size - before;
    this[recipe.changes ? "changed" : "fresh"].note(firsts);
    if (firsts > 0) this.kept.push(recipe);
  }

  /** The recipe itself, or a program that was kept, changed. */
  vary(recipe: Recipe): Recipe {
    const next = random(recipe.seed ^ 0x51ed);
    const share = (100 * this.changed.each) / (this.changed.each + this.fresh.each);
    if (this.kept.length === 0 || !chance(next, Math.min(MOST, Math.max(FEWEST, share)))) return recipe;
    const from = pick(next, this.kept);
    const { pieces } = randomProgram(from);
    const changes = new Map(from.changes);
    for (let n = 1 + (next() % Math.max(1, pieces >> 1)); n > 0; n--) changes.set(next() % pieces, next());
    return { ...from, changes };
  }

  report(): string {
    const { changed, fresh } = this;
    const all = `${this.reached.size} outcomes of forms, ${changed.total} of them first by changed programs, ${fresh.total} by fresh ones`;
    return `${all}; ${this.kept.length} programs kept`;
  }
}
