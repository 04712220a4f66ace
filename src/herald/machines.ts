/** QEMU and our own machine as commands: boot an image, type a script at Herald's prompt, keep what came on the serial line. */
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { heraldFolder } from "./sources";

export const root = resolve(heraldFolder, "../..");
const PROMPT = "herald> ";
const LINES_AHEAD = 8;
const TIMEOUT_SECONDS = 120;
const MAX_INSTRUCTIONS = 20_000_000_000;

export interface Outcome {
  readonly transcript: string;
  /** Why there is no transcript, or why it ends too early. */
  readonly problem?: string;
}

/**
 * Runs a machine, its standard output into a file, and types the script once the prompt has appeared there. A file, because QEMU drops
 * characters of a serial line when the socket that Node gives a child for its output is full.
 */
function runMachine(
  command: string,
  args: readonly string[],
  script: string | undefined,
  folder: string,
): Promise<Outcome> {
  const path = join(folder, "serial.txt");
  const output = openSync(path, "w");
  const transcript = () => readFileSync(path, "latin1");
  return new Promise((done) => {
    const child = spawn(command, args, { cwd: root, stdio: ["pipe", output, "pipe"] });
    let errors = "";
    let problem: string | undefined;
    const lines = (script ?? "").split(/(?<=\n)/);
    let typed = 0;
    const typist = setInterval(() => {
      // Ahead of the shell, so that it never waits, but never so far that the guest's mailbox for keys is full.
      const prompts = transcript().split(PROMPT).length - 1;
      const most = prompts > 0 ? Math.min(prompts + LINES_AHEAD, lines.length) : 0;
      if (typed < most) child.stdin!.write(lines.slice(typed, most).join(""));
      typed = Math.max(typed, most);
    }, 20);
    const timer = setTimeout(() => {
      problem = `did not end within ${TIMEOUT_SECONDS} seconds`;
      child.kill("SIGKILL");
    }, TIMEOUT_SECONDS * 1000);
    child.stdin!.on("error", () => undefined); // it may end while we type
    child.stderr!.setEncoding("utf8").on("data", (text: string) => (errors += text));
    child.on("error", (error: NodeJS.ErrnoException) => {
      problem = error.code === "ENOENT" ? "is missing" : error.message;
    });
    child.on("close", (status) => {
      clearInterval(typist);
      clearTimeout(timer);
      closeSync(output);
      if (!problem && status !== 0) problem = `ended with status ${status}\n${errors}`;
      done(problem === undefined ? { transcript: transcript() } : { transcript: transcript(), problem });
    });
  });
}

/** `image` is a file; `script` is typed at the prompt. */
export async function runQemu(image: string, script: string, folder: string): Promise<Outcome> {
  const disk = join(folder, "disk.img"); // a copy: QEMU opens its disk for writing
  writeFileSync(disk, readFileSync(image));
  const drive = `file=${disk},format=raw`;
  const options = ["-accel", "tcg", "-m", "64", "-drive", drive, "-display", "none", "-serial", "stdio", "-no-reboot"];
  const outcome = await runMachine("qemu-system-x86_64", options, script, folder);
  return outcome.problem === "is missing"
    ? { ...outcome, problem: "qemu-system-x86_64 is missing (Debian: apt install qemu-system-x86)" }
    : outcome;
}

export function runOurs(image: string, script: string, folder: string, tier: "interpreter" | "both"): Promise<Outcome> {
  const limits = ["--max-instructions", String(MAX_INSTRUCTIONS), "--timeout", String(TIMEOUT_SECONDS)];
  const input = ["--serial", "-", "--keys", script, "--keys-after", PROMPT];
  return runMachine("npm", ["run", "-s", "pc", "--", image, "--tier", tier, ...input, ...limits], undefined, folder);
}
