/** v86 (npm) on the 32-bit twins in Node, with the BIOS of the Debian package seabios. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { V86Answer, V86Request } from "../hosts/v86";
import { valueIn, type Workload } from "../workloads";
import { imageFile } from "./processes";
import { check, type Outcome, type Provided } from "./runner";

const BIOS_FOLDERS = ["/usr/share/seabios", "/usr/share/qemu", "/usr/local/share/qemu"];
const host = fileURLToPath(new URL("../hosts/v86.ts", import.meta.url));
const LIMIT_MS = 120_000;

export function provideV86(): Provided {
  const name = "v86";
  const { resolve } = createRequire(import.meta.url);
  let wasm: string;
  let version: string;
  try {
    wasm = resolve("v86/build/v86.wasm");
    version = (JSON.parse(readFileSync(resolve("v86/package.json"), "utf8")) as { version: string }).version;
  } catch {
    return { name, missing: "the npm package v86 is not installed" };
  }
  const folder = BIOS_FOLDERS.find((folder) => existsSync(join(folder, "bios.bin")));
  if (!folder) return { name, missing: `no SeaBIOS (bios.bin) in ${BIOS_FOLDERS.join(", ")}` };
  const bios = join(folder, "bios.bin");
  const vgaBios = join(folder, "vgabios-stdvga.bin");
  return {
    name,
    version,
    fraction: 1,
    run: async (workload) =>
      workload.bits === 64
        ? { missing: "v86 has no 64-bit mode" }
        : run(workload, { image: imageFile(workload), bios, vgaBios, wasm }),
  };
}

async function run(workload: Workload, request: V86Request): Promise<Outcome> {
  const words = ["--import", "tsx", host, JSON.stringify(request)];
  const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: LIMIT_MS });
  const { ms, text } = JSON.parse(stdout.slice(stdout.lastIndexOf("{"))) as V86Answer;
  check(workload, valueIn(text));
  return { ms };
}
