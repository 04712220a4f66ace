/** v86 (npm) on the 32-bit twins, in Node and in a page of headless Chromium, with the BIOS of the Debian package seabios. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Route } from "@playwright/test";
import { provideChromium } from "../../browser/chromium";
import type { V86Request } from "../hosts/v86";
import { type Marked, timesOf } from "../marks";
import type { Workload } from "../workloads";
import { inFreshPage, ORIGIN } from "./browser";
import { imageFile } from "./processes";
import { type Outcome, type Provided, type Runner } from "./runner";

const BIOS_FOLDERS = ["/usr/share/seabios", "/usr/share/qemu", "/usr/local/share/qemu"];
const host = fileURLToPath(new URL("../hosts/v86.ts", import.meta.url));
const LIMIT_MS = 120_000;

interface Files {
  readonly version: string;
  /** Names of files. */
  readonly library: string;
  readonly wasm: string;
  readonly bios: string;
  readonly vgaBios: string;
}

/** What v86 needs, or a sentence. */
function files(): Files | string {
  const { resolve } = createRequire(import.meta.url);
  const folder = BIOS_FOLDERS.find((folder) => existsSync(join(folder, "bios.bin")));
  if (!folder) return `no SeaBIOS (bios.bin) in ${BIOS_FOLDERS.join(", ")}`;
  try {
    const { version } = JSON.parse(readFileSync(resolve("v86/package.json"), "utf8")) as { version: string };
    const [library, wasm] = ["libv86.mjs", "v86.wasm"].map((name) => resolve(`v86/build/${name}`));
    return { version, library, wasm, bios: join(folder, "bios.bin"), vgaBios: join(folder, "vgabios-stdvga.bin") };
  } catch {
    return "the npm package v86 is not installed";
  }
}

const only32 =
  (run: (workload: Workload) => Promise<Outcome>): Runner["run"] =>
  async (workload) =>
    workload.bits === 64 ? { missing: "v86 has no 64-bit mode" } : run(workload);

export function provideV86(): Provided {
  const name = "v86";
  const found = files();
  if (typeof found === "string") return { name, missing: found };
  const { version, bios, vgaBios, wasm } = found;
  const request = (workload: Workload) => ({ image: imageFile(workload), bios, vgaBios, wasm });
  return { name, version, fraction: 1, steady: true, run: only32((workload) => run(workload, request(workload))) };
}

/** The same engine as our machine has in a page. */
export function provideV86InChromium(): Provided {
  const name = "chromium v86";
  const found = files();
  if (typeof found === "string") return { name, missing: found };
  const browser = provideChromium();
  if ("why" in browser) return { name, missing: browser.why };
  const { library, wasm, bios, vgaBios } = found;
  const run = async (workload: Workload): Promise<Outcome> => {
    const served = { library, wasm, bios, vgaBios, image: imageFile(workload) };
    return timesOf(workload, await inPage(browser.path, served));
  };
  // The version of the browser is our own runners' to tell.
  return { name, version: found.version, fraction: 1, steady: true, run: only32(run) };
}

function inPage(executablePath: string, served: Readonly<Record<string, string>>): Promise<Marked> {
  const answer = (route: Route) => {
    const path = served[basename(new URL(route.request().url()).pathname)];
    if (!path) return route.fulfill({ contentType: "text/html", body: "<!doctype html>" });
    const contentType = path.endsWith(".mjs") ? "text/javascript" : "application/wasm";
    return route.fulfill({ contentType, body: readFileSync(path) });
  };
  return inFreshPage(executablePath, answer, (page) => {
    page.setDefaultTimeout(LIMIT_MS);
    return page.evaluate(measureInPage, ORIGIN);
  });
}

/** Runs in the page, alone: as hosts/v86.ts in Node. */
async function measureInPage(origin: string): Promise<Marked> {
  const { V86 } = (await import(`${origin}library`)) as typeof import("v86");
  const [bios, vgaBios, image] = await Promise.all(
    ["bios", "vgaBios", "image"].map(async (key) => ({ buffer: await (await fetch(origin + key)).arrayBuffer() })),
  );
  const machine = new V86({
    wasm_path: `${origin}wasm`,
    memory_size: 64 << 20,
    vga_memory_size: 2 << 20,
    bios,
    vga_bios: vgaBios,
    hda: image,
    autostart: true,
    disable_speaker: true,
  });
  return new Promise((resolve) => {
    let text = "";
    const at: Record<string, number> = {};
    machine.add_listener("serial0-output-byte", (byte: number) => {
      const character = String.fromCharCode(byte);
      if ("<>![]".includes(character)) at[character] = performance.now();
      text += character;
      if (text.endsWith("done")) resolve({ at, text });
    });
  });
}

async function run(workload: Workload, request: V86Request): Promise<Outcome> {
  const words = ["--import", "tsx", host, JSON.stringify(request)];
  const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: LIMIT_MS });
  return timesOf(workload, JSON.parse(stdout.slice(stdout.lastIndexOf('{"at"'))) as Marked);
}
