/**
 * `npm run verify`: is the committed image what its sources say, and is it the same machine everywhere?
 *
 *  1. builds the image again and compares it byte for byte with the committed one
 *  2. boots the image in QEMU with a scripted shell session, and in our own machine with the same script, and compares what both wrote to the serial
 *     line, byte for byte. One exception: two Programs that share the CPU write their lines in an order that depends on how fast the machine is, so
 *     of their lines each process's own sequence is compared.
 *  3. runs the conformance checks (`test`) in QEMU and in our machine, interpreted and with regions, and compares the verdicts by name
 *
 * Ends with status 1 when anything differs or a tool is missing.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, imagePath, mapPath, MissingTool, toolVersions } from "./build";
import { writeFile } from "./disk";
import { type Outcome, runOurs, runQemu } from "./machines";

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

async function compareSessions(folder: string): Promise<Outcome> {
  const script = session.map((line) => line + "\n").join("");
  const qemu = await runQemu(imagePath, script, folder);
  report(
    !qemu.problem,
    `QEMU boots the image and the scripted session ends in power off${qemu.problem ? `: ${qemu.problem}` : ""}`,
  );
  const ours = await runOurs(imagePath, script, folder, "interpreter");
  report(
    !ours.problem,
    `our machine boots the image and the session ends in power off${ours.problem ? `: ${ours.problem}` : ""}`,
  );
  if (!qemu.problem && !ours.problem) compare(qemu.transcript, ours.transcript);
  return qemu;
}

/** The committed image with the kernel's test operations allowed. */
function imageForChecks(folder: string): string {
  const image = new Uint8Array(readFileSync(imagePath));
  writeFile(image, "scenario.cfg", "text", new TextEncoder().encode("trace=none\ndebug=1\nrun=shell\n"));
  const path = join(folder, "checks.img");
  writeFileSync(path, image);
  return path;
}

/** Lines `ok NAME` and `FAIL NAME: why`, in their order. */
const verdicts = (transcript: string) =>
  transcript
    .replaceAll("\r", "")
    .split("\n")
    .filter((line) => /^(ok|FAIL) /.test(line));

const nameOf = (verdict: string) => /^\w+ (\w+)/.exec(verdict)![1];

/** QEMU's clock is the host's, and a busy host can stand still for longer than a check allows for: it may try again, alone. */
async function checksInQemu(image: string, folder: string): Promise<Outcome> {
  const outcome = await runQemu(image, "run test\nshutdown\n", folder);
  const failed = verdicts(outcome.transcript).filter((line) => line.startsWith("FAIL"));
  if (outcome.problem || failed.length === 0 || failed.length > 3) return outcome;
  for (const line of failed) console.log(`         once more: ${line}`);
  const again = await runQemu(
    image,
    failed.map((line) => `run test ${nameOf(line)}\n`).join("") + "shutdown\n",
    folder,
  );
  const better = new Map(verdicts(again.transcript).map((line) => [nameOf(line), line]));
  const transcript = verdicts(outcome.transcript)
    .map((line) => better.get(nameOf(line)) ?? line)
    .join("\n");
  return { ...again, transcript };
}

async function compareChecks(folder: string): Promise<void> {
  const image = imageForChecks(folder);
  const script = "run test\nshutdown\n";
  const machines: [string, Outcome][] = [
    ["QEMU", await checksInQemu(image, folder)],
    ["our machine, interpreted", await runOurs(image, script, folder, "interpreter")],
    ["our machine, with regions", await runOurs(image, script, folder, "both")],
  ];
  const expected = verdicts(machines[0][1].transcript).map(nameOf);
  for (const [name, { transcript, problem }] of machines) {
    const lines = verdicts(transcript);
    const failed = lines.filter((line) => !line.startsWith("ok "));
    const good = !problem && expected.length > 0 && failed.length === 0 && lines.map(nameOf).join() === expected.join();
    report(
      good,
      `${name}: ${lines.length - failed.length} of ${expected.length} checks${problem ? `: ${problem}` : ""}`,
    );
    for (const line of failed) console.log(`         ${line}`);
  }
}

async function main(): Promise<void> {
  rebuild();
  const folder = mkdtempSync(join(tmpdir(), "herald-"));
  const qemu = await compareSessions(folder);
  await compareChecks(folder);
  rmSync(folder, { recursive: true });
  if (process.argv.includes("--print")) console.log(qemu.transcript.replaceAll("\r", ""));
  process.exitCode = failures ? 1 : 0;
}

await main();
