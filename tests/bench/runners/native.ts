/** The same C as a program of this computer. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Workload } from "../workloads";
import { firstLine, scratch } from "./processes";
import { timesOf } from "../marks";
import type { Provided } from "./runner";

const sources = fileURLToPath(new URL("../workloads/", import.meta.url));

export function provideNative(): Provided {
  const version = firstLine("gcc", "--version");
  if (!version) return { name: "native", missing: "gcc is not installed" };
  if (process.arch !== "x64") return { name: "native", missing: `this computer is ${process.arch}, not x64` };
  return {
    name: "native",
    version,
    fraction: 1,
    steady: false,
    run: async (workload) => {
      if (workload.privileged) return { missing: "needs ring 0" };
      if (workload.bits === 32) return { missing: "only the 64-bit workloads run natively" };
      return run(workload);
    },
  };
}

function run(workload: Workload) {
  const program = join(scratch, workload.name);
  if (!existsSync(program)) {
    const files = [`${sources}${workload.name}.c`, `${sources}native.c`];
    execFileSync("gcc", [
      "-O2",
      "-std=gnu11",
      "-fno-tree-loop-distribute-patterns",
      "-DNATIVE",
      "-o",
      program,
      ...files,
    ]);
  }
  const printed = execFileSync(program, [String(workload.repeat)], { encoding: "utf8" });
  const [, value, nanoseconds] = /^>([0-9a-f]{16}) ([0-9]+)/.exec(printed) ?? [];
  return timesOf(workload, { text: `<>${value}`, at: { "<": 0, ">": Number(nanoseconds) / 1e6 } });
}
