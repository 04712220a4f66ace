/**
 * `npm test`: lint, types, unit tests and browser tests. With arguments, `npm test -- ARGUMENTS`: only the unit tests, as Vitest
 * understands them: `npm test -- -t drop_oldest`, `npm test -- tests/herald/fuzz.test.ts`.
 */
import { spawnSync } from "node:child_process";

const given = process.argv.slice(2);
const all = [
  ["npm", "run", "lint"],
  ["npm", "run", "types"],
  ["npm", "run", "unit"],
  ["npm", "run", "browser"],
];
for (const [command, ...args] of given.length > 0 ? [["npx", "vitest", "run", ...given]] : all) {
  const { status } = spawnSync(command, args, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
