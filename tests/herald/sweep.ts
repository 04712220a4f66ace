/**
 * `npx tsx tests/herald/sweep.ts [CHECK [STEP]]`: the timer interrupts at every instruction (every STEP-th) from one publish to the next, in
 * one check or in all that are made for it. Ends with status 1 at the first thing that is wrong.
 */
import { Sweep, sweptChecks } from "./sweeping";

const [only, step = "1"] = process.argv.slice(2);
if ((only && !sweptChecks.includes(only)) || !(Number(step) > 0)) {
  console.error(`sweep.ts [CHECK [STEP]]: checks are ${sweptChecks.join(", ")}`);
  process.exit(2);
}
for (const check of only ? [only] : sweptChecks) {
  const sweep = new Sweep(check);
  let interrupts = 0;
  for (let k = 0; k <= sweep.length; k += Number(step), interrupts++) {
    const problems = sweep.interruptAt(k);
    for (const problem of problems) console.error(problem);
    if (problems.length > 0) process.exit(1);
  }
  console.log(`${check}: an interrupt at ${interrupts} of ${sweep.length} instructions: nothing wrong`);
}
