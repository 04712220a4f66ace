/** Finding and asking other programs. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Workload } from "../workloads";

/** The first line that a program prints, or undefined where it is not installed. */
export function firstLine(program: string, ...args: string[]): string | undefined {
  const asked = spawnSync(program, args, { encoding: "utf8" });
  return asked.status === 0 ? asked.stdout.split("\n")[0].trim() : undefined;
}

/** A directory that is gone when the process ends. */
export const scratch = mkdtempSync(join(tmpdir(), "vitrine-bench-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));

/** The image as a file, with the rounds that were asked for. */
export function imageFile({ name, bits, repeat, image }: Workload): string {
  const file = join(scratch, `${name}-${bits}-${repeat}.img`);
  writeFileSync(file, image);
  return file;
}
