/** The names of the guest's conformance checks, from their sources, so that a single one can be run from here. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const folder = resolve(import.meta.dirname, "../../src/herald/programs/test");

/** In the order in which `test` runs them: by file, then as they stand in it. */
export const checkNames: readonly string[] = readdirSync(folder)
  .filter((file) => file.endsWith(".c"))
  .sort()
  .flatMap((file) => [...readFileSync(join(folder, file), "utf8").matchAll(/^CHECK\((\w+)\)/gm)])
  .map(([, name]) => name);

/** A scenario in which the checks may use the kernel's test operations. */
export const checkScenario = "trace=none\ndebug=1\nrun=shell\n";
