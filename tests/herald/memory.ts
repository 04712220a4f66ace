/**
 * `npx tsx tests/herald/memory.ts [TIMES]`: makes the kernel's allocations fail, at each place in its code, the first time it is
 * reached, the second, and so on up to TIMES (100 unless told) or until it is not reached so often. Ends with status 1 when something is wrong.
 */
import { AllocationTest } from "./allocations";

const [times = 100] = process.argv.slice(2).map(Number);
if (!(times > 0)) {
  console.error("memory.ts [TIMES]: a positive number");
  process.exit(2);
}
const test = new AllocationTest();
let failures = 0;
for (const site of test.sites) {
  let n = 1;
  for (; n <= times; n++) {
    const { failed, problems } = test.fail(site, n);
    for (const problem of problems) console.error(problem);
    if (problems.length > 0) process.exit(1);
    if (failed.length === 0) break;
  }
  failures += n - 1;
  console.log(`${site.name}: ${n - 1} times`);
}
console.log(`${failures} failures at ${test.sites.length} places: nothing wrong`);
