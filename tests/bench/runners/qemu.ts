/** QEMU's translator. The time is that between the marks as they come through a pipe, so starting QEMU and its BIOS do not count. */
import { spawn } from "node:child_process";
import { MARKS, timesOf } from "../marks";
import type { Workload } from "../workloads";
import { firstLine, imageFile } from "./processes";
import { type Outcome, type Provided } from "./runner";

const OPTIONS = "-accel tcg -m 64 -display none -no-reboot -nodefaults -device isa-debug-exit,iobase=0xf4,iosize=4";
const LIMIT_MS = 120_000;

export function provideQemu(): Provided {
  const version = firstLine("qemu-system-x86_64", "--version");
  if (!version) return { name: "qemu", missing: "qemu-system-x86_64 is not installed" };
  return { name: "qemu", version: version.replace("QEMU emulator version ", ""), fraction: 1, steady: true, run };
}

function run(workload: Workload): Promise<Outcome> {
  const drive = `file=${imageFile(workload)},format=raw,if=ide,snapshot=on`;
  const options = [...OPTIONS.split(" "), "-drive", drive, "-debugcon", "stdio"];
  return new Promise((resolve, reject) => {
    const child = spawn("qemu-system-x86_64", options, { stdio: ["ignore", "pipe", "inherit"], timeout: LIMIT_MS });
    let text = "";
    const at: Record<string, number> = {};
    child.stdout.on("data", (data: Buffer) => {
      const now = performance.now();
      text += data.toString("latin1");
      for (const mark of MARKS) if (text.includes(mark)) at[mark] ??= now;
    });
    child.on("error", reject);
    child.on("close", () => {
      try {
        resolve(timesOf(workload, { text, at }));
      } catch (error) {
        reject(error as Error);
      }
    });
  });
}
