/**
 * `npm run verify`: is the committed image what its sources say, and is it the same machine everywhere?
 *
 *  1. builds the image again and compares it byte for byte with the committed one
 *  2. boots the image in QEMU with a scripted shell session, and in our own machine with the same script, and compares what both wrote to the serial
 *     line, byte for byte. One exception: two Programs that share the CPU write their lines in an order that depends on how fast the machine is, so
 *     of their lines each process's own sequence is compared.
 *
 * Ends with status 1 when anything differs or a tool is missing.
 */
import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build, imagePath, mapPath, MissingTool, toolVersions } from "./build";
import { heraldFolder } from "./sources";

const root = resolve(heraldFolder, "../..");
const PROMPT = "herald> ";
const TIMEOUT_SECONDS = 120;
const MAX_INSTRUCTIONS = 20_000_000_000;

/** Only commands whose output is the same on every machine: no times, no counts that depend on speed. */
const session = [
  "help",
  "ps",
  "topics",
  "no-such-command",
  "hepl\b\blp",
  "run no-such-program",
  "run badptr",
  "run badptr kernel",
  "run badptr code",
  "run illegal",
  "run overflow",
  "run badcall",
  "run intruder",
  "run spin &",
  "ps",
  "kill 12",
  "kill 12",
  "kill everybody",
  "ps",
  "run two",
  "run pong &",
  "run ping",
  "kill 14",
  "run display 3 &",
  "run sensor 3",
  "sub 300",
  "pub 300 hello, topic",
  "pub 301 nobody hears this",
  "sub 300",
  "topics",
  "unsub 300",
  "unsub 300",
  "pub 1 x",
  "quantum",
  "quantum 5",
  "quantum 0",
  "run one",
  "ps",
  "shutdown",
];

let failures = 0;

function report(good: boolean, text: string): void {
  console.log(`${good ? "ok    " : "FAILED"} ${text}`);
  if (!good) failures++;
}

function rebuild(): void {
  try {
    const committed = JSON.parse(readFileSync(mapPath, "utf8")) as { tools: string[] };
    const tools = toolVersions();
    if (tools.join() !== committed.tools.join()) {
      report(false, `the image can only be compared byte for byte with the tools it was built with:`);
      console.log(`         built with ${committed.tools.join(", ")}\n         here are   ${tools.join(", ")}`);
      return;
    }
    const { image, map } = build();
    report(Buffer.from(image).equals(readFileSync(imagePath)), "the image built again is the committed one");
    report(map === readFileSync(mapPath, "utf8"), "the map built again is the committed one");
  } catch (error) {
    if (!(error instanceof MissingTool)) throw error;
    report(false, error.message);
  }
}

interface Outcome {
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
    let typed = script === undefined;
    const typist = setInterval(() => {
      if (typed || !transcript().includes(PROMPT)) return;
      typed = true;
      child.stdin!.write(script!);
    }, 50);
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

async function runQemu(script: string, folder: string): Promise<Outcome> {
  const disk = join(folder, "disk.img"); // a copy: QEMU opens its disk for writing
  writeFileSync(disk, readFileSync(imagePath));
  const drive = `file=${disk},format=raw`;
  const options = ["-accel", "tcg", "-m", "64", "-drive", drive, "-display", "none", "-serial", "stdio", "-no-reboot"];
  const outcome = await runMachine("qemu-system-x86_64", options, script, folder);
  return outcome.problem === "is missing"
    ? { ...outcome, problem: "qemu-system-x86_64 is missing (Debian: apt install qemu-system-x86)" }
    : outcome;
}

function runOurs(script: string, folder: string): Promise<Outcome> {
  const limits = ["--max-instructions", String(MAX_INSTRUCTIONS), "--timeout", String(TIMEOUT_SECONDS)];
  const input = ["--serial", "-", "--keys", script, "--keys-after", PROMPT];
  return runMachine("npm", ["run", "-s", "pc", "--", imagePath, ...input, ...limits], undefined, folder);
}

/** Puts the lines that concurrent Programs wrote one after the other into the order of their processes. */
function canonical(transcript: string): string {
  const lines = transcript.split("\n");
  const processOf = (line: string) => Number(/^Process (\d+): /.exec(line)?.[1] ?? -1);
  const result: string[] = [];
  for (let i = 0; i < lines.length;) {
    let end = i;
    while (end < lines.length && processOf(lines[end]) >= 0) end++;
    if (end === i) result.push(lines[i++]);
    else result.push(...lines.slice(i, end).sort((a, b) => processOf(a) - processOf(b)));
    i = Math.max(i, end);
  }
  return result.join("\n");
}

function compare(qemu: string, ours: string): void {
  const a = canonical(qemu).split("\n");
  const b = canonical(ours).split("\n");
  const at = a.findIndex((line, index) => line !== b[index]);
  const same = at < 0 && a.length === b.length;
  report(same, `QEMU and our machine wrote the same ${a.length} lines to the serial line`);
  if (same) return;
  const from = Math.max(0, (at < 0 ? a.length : at) - 2);
  for (const [name, lines] of [
    ["QEMU", a],
    ["ours", b],
  ] as const) {
    console.log(`         ${name}, from line ${from + 1}:`);
    for (const line of lines.slice(from, from + 6)) console.log(`         | ${JSON.stringify(line)}`);
  }
}

async function main(): Promise<void> {
  rebuild();
  const script = session.map((line) => line + "\n").join("");
  const folder = mkdtempSync(join(tmpdir(), "herald-"));
  const qemu = await runQemu(script, folder);
  report(
    !qemu.problem,
    `QEMU boots the image and the scripted session ends in power off${qemu.problem ? `: ${qemu.problem}` : ""}`,
  );
  if (!existsSync(join(root, "src/cli/pc.ts"))) {
    report(false, "our machine: src/cli/pc.ts is missing");
  } else {
    const ours = await runOurs(script, folder);
    report(
      !ours.problem,
      `our machine boots the image and the session ends in power off${ours.problem ? `: ${ours.problem}` : ""}`,
    );
    if (!qemu.problem) compare(qemu.transcript, ours.transcript);
  }
  rmSync(folder, { recursive: true });
  if (process.argv.includes("--print")) console.log(qemu.transcript.replaceAll("\r", ""));
  process.exitCode = failures ? 1 : 0;
}

await main();
