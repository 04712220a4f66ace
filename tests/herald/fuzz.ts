/**
 * `npx tsx tests/herald/fuzz.ts [CALLS [SEED]]`: at least so many random and hostile system calls (a million unless told), in runs
 * with different seeds and numbers of processes; looks at the kernel from outside all the time. Ends with status 1 at the first
 * thing that is wrong; the line it prints repeats that run.
 */
import { fuzz } from "./fuzzing";

const PORTION = 100_000;
const [wanted = 1_000_000, first = 1] = process.argv.slice(2).map(Number);
if (!(wanted > 0) || !(first > 0)) {
  console.error("fuzz.ts [CALLS [SEED]]: two positive numbers");
  process.exit(2);
}

let done = 0;
for (let seed = first; done < wanted; seed++) {
  const workers = 2 + (seed % 7);
  const calls = Math.min(PORTION, wanted - done);
  const result = fuzz({ seed, workers, calls, lookEvery: 200_000 });
  const summary = result.lines.find((line) => line.startsWith("fuzz: seed")) ?? "no summary";
  console.log(`${workers} processes, ${result.looks} looks: ${summary}`);
  const good =
    result.problems.length === 0 &&
    result.lines.includes("fuzz: every message as it should be") &&
    result.after === result.before &&
    result.alive;
  if (!good) {
    console.error(`wrong: npx tsx tests/herald/fuzz.ts ${calls} ${seed}`);
    for (const line of [
      ...result.problems,
      ...result.lines.slice(-10),
      `before ${result.before}`,
      `after ${result.after}`,
    ])
      console.error(`  ${line}`);
    process.exit(1);
  }
  done += Number(/(\d+) calls/.exec(summary)![1]);
}
console.log(`${done} calls: nothing wrong`);
