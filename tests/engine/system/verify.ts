/**
 * Part of `npm run verify`: the boot images of privileged checks in QEMU. What it prints must be fixtures/NAME.txt less the lines with
 * an asterisk, which stand for the differences of qemu.md; that this machine prints those files is privilege.test.ts.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
const TIMEOUT_MS = 120_000;
/** isa-debug-exit with value 0. */
const PASSED = 1;

function printedByQemu(name: string, folder: string): string {
  const output = join(folder, `${name}.txt`);
  const drive = `file=${fixture(`${name}.bin`)},format=raw,snapshot=on`;
  const machine = ["-accel", "tcg", "-cpu", "max", "-display", "none", "-no-reboot", "-drive", drive];
  const exit = ["-debugcon", `file:${output}`, "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"];
  const { status, error } = spawnSync("qemu-system-x86_64", [...machine, ...exit], { timeout: TIMEOUT_MS });
  if (error) throw error;
  if (status !== PASSED) throw new Error(`QEMU ended with status ${status}`);
  return readFileSync(output, "latin1");
}

const folder = mkdtempSync(join(tmpdir(), "privilege-"));
for (const name of ["privilege", "debug", "tasks", "sweeps", "modes"]) {
  const lines = readFileSync(fixture(`${name}.txt`), "latin1").split("\n");
  const expected = lines.filter((line) => !line.startsWith("*"));
  try {
    const printed = printedByQemu(name, folder).split("\n");
    const at = expected.findIndex((line, n) => line !== printed[n]);
    const same = at < 0 && printed.length === expected.length;
    console.log(
      `${same ? "ok    " : "FAILED"} QEMU prints the ${expected.length} lines of ${name}.txt that are not ours alone`,
    );
    if (same) continue;
    console.log(`         line ${at + 1}: ${JSON.stringify(printed[at])}, not ${JSON.stringify(expected[at])}`);
  } catch (error) {
    console.log(`FAILED ${name} in QEMU: ${error instanceof Error ? error.message : error}`);
  }
  process.exitCode = 1;
}
rmSync(folder, { recursive: true });
