/** Every order in which the threads of a plan can take their steps. */
import { problemAt, problemAtEnd } from "./invariants";
import { begin, type Plan, type State } from "./state";
import { canStep, step, stepName, Violation } from "./steps";

export interface Exploration {
  readonly states: number;
  /** States at which nobody can do anything any more. */
  readonly ends: number;
  readonly problem?: string;
  /** The steps that lead to the problem. */
  readonly way: readonly string[];
}

interface Visit {
  readonly state: State;
  readonly name: string;
  readonly before: Visit | undefined;
}

function wayTo(visit: Visit | undefined): string[] {
  const way: string[] = [];
  for (; visit; visit = visit.before) if (visit.name) way.unshift(visit.name);
  return way;
}

/** Takes one step from a copy of the state. */
function successor(visit: Visit, index: number, plan: Plan): { visit: Visit; problem?: string } {
  const state = JSON.parse(JSON.stringify(visit.state)) as State;
  const next = {
    state,
    name: `${state.threads[index].kind} ${index}: ${stepName(state.threads[index])}`,
    before: visit,
  };
  try {
    step(state, index, plan.mistake);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return { visit: next, problem: error.message };
  }
  const problem = problemAt(state);
  return problem === undefined ? { visit: next } : { visit: next, problem };
}

/** Depth first, each state once; stops at the first problem. Throws when there are more than `most` states. */
export function explore(plan: Plan, most: number): Exploration {
  const seen = new Set<string>();
  const open: Visit[] = [{ state: begin(plan), name: "", before: undefined }];
  let ends = 0;
  for (let visit = open.pop(); visit; visit = open.pop()) {
    const key = JSON.stringify(visit.state);
    if (seen.has(key)) continue;
    seen.add(key);
    if (seen.size > most) throw new Error(`more than ${most} states`);
    const choices = visit.state.threads.map((_, index) => index).filter((index) => canStep(visit!.state, index));
    if (choices.length === 0) {
      ends++;
      const problem = problemAtEnd(visit.state);
      if (problem) return { states: seen.size, ends, problem, way: wayTo(visit) };
    }
    for (const index of choices) {
      const next = successor(visit, index, plan);
      if (next.problem) return { states: seen.size, ends, problem: next.problem, way: wayTo(next.visit) };
      open.push(next.visit);
    }
  }
  return { states: seen.size, ends, way: [] };
}
