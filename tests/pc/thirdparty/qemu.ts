/** The same image in QEMU's PC, by its monitor: which text stands on the screen and the serial line. */
import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { keyOf, screenText } from "../../../src/pc/pc.ts";
import type { Image } from "./images.ts";

const POLL_MS = 300;
const LIMIT_MS = 120_000;
const TEXT_BYTES = 4000;
/** QEMU's names of keys that are no letters or digits. */
const KEYS: Readonly<Record<string, string>> = {
  Enter: "ret",
  Space: "spc",
  Minus: "minus",
  Comma: "comma",
  Digit9: "9",
  Digit0: "0",
};

/** The text screen of QEMU when the image's last step is seen there. */
export async function qemuScreen(path: string, image: Image): Promise<{ screen: string; problem?: string }> {
  const folder = mkdtempSync(join(tmpdir(), "thirdparty-"));
  const disk = join(folder, "disk.img");
  copyFileSync(path, disk);
  const args = ["-accel", "tcg", "-m", String(image.memoryMiB ?? 64), "-display", "none", "-no-reboot"];
  const line = join(folder, "serial");
  args.push("-drive", `file=${disk},format=raw`, "-serial", `file:${line}`, "-monitor", "stdio");
  const qemu = spawn("qemu-system-x86_64", args, { stdio: ["pipe", "pipe", "ignore"] });
  let gone = false;
  qemu.on("error", () => (gone = true)).on("close", () => (gone = true));
  qemu.stdin.on("error", () => undefined);
  const ask = (command: string) => void qemu.stdin.write(`${command}\n`);
  const dump = join(folder, "text");
  let screen = "";
  let serial = 0;
  let step = 0;
  for (const end = Date.now() + LIMIT_MS; Date.now() < end && !gone && step < image.steps.length;) {
    ask(`pmemsave 0xb8000 ${TEXT_BYTES} "${dump}"`);
    await wait(POLL_MS);
    if (existsSync(dump)) screen = textOf(readFileSync(dump));
    const bytes = existsSync(line) ? readFileSync(line, "latin1") : "";
    const { on, see, type } = image.steps[step];
    if (!(on === "screen" ? screen : bytes.slice(serial)).includes(see)) continue;
    step++;
    serial = on === "serial" ? bytes.indexOf(see, serial) + see.length : serial;
    for (const key of [...(type ?? "")].flatMap(keysOf)) {
      ask(`sendkey ${key} 30`);
      await wait(80);
    }
  }
  // Powered off after its last keys is what some are asked for.
  for (let tries = 0; image.end === "poweredOff" && !gone && tries < 50; tries++) await wait(200);
  const problem =
    step < image.steps.length
      ? `did not show "${image.steps[step].see}"`
      : image.end === "poweredOff" && !gone
        ? "did not power off"
        : undefined;
  qemu.kill("SIGKILL");
  rmSync(folder, { recursive: true });
  return { screen, problem };
}

function textOf(bytes: Uint8Array): string {
  const cells = new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  return screenText({ columns: 80, rows: cells.length / 80, cells });
}

function keysOf(character: string): string[] {
  const key = keyOf(character);
  if (!key) return [];
  const name = KEYS[key.code] ?? key.code.replace(/^(Key|Digit)/, "").toLowerCase();
  return [key.shift ? `shift-${name}` : name];
}
