/**
 * The lens on memory that is not ours: Herald runs in QEMU, whose monitor writes its RAM to a file and tells its own view of the page
 * tables. Skipped where QEMU is not installed (Debian: qemu-system-x86).
 */
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseMap } from "../../src/lens/map";
import { GuestMemory, type Paging } from "../../src/lens/memory";
import { mappedRanges, walkAddress } from "../../src/lens/pageTables";
import { readProcesses } from "../../src/lens/processes";
import { readTopics } from "../../src/lens/topics";
import { decodeTrace, TraceDrain, TraceKind } from "../../src/lens/trace";

const publicFile = (name: string) => fileURLToPath(new URL(`../../public/${name}`, import.meta.url));
const installed = spawnSync("qemu-system-x86_64", ["--version"]).status === 0;
const PATIENCE_MS = 60_000;

async function until(what: string, done: () => boolean): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!done()) {
    if (Date.now() > end) throw new Error(`QEMU: ${what} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

class Qemu {
  readonly folder = mkdtempSync(join(tmpdir(), "vitrine-lens-"));
  private readonly process: ChildProcessWithoutNullStreams;
  private said = "";

  constructor() {
    const disk = `file=${publicFile("herald.img")},format=raw,snapshot=on`;
    const serial = `file:${join(this.folder, "serial")}`;
    const options = ["-accel", "tcg", "-m", "64", "-display", "none", "-no-reboot", "-monitor", "stdio"];
    this.process = spawn("qemu-system-x86_64", [...options, "-drive", disk, "-serial", serial]);
    this.process.stdout.on("data", (data: Buffer) => (this.said += data.toString("latin1")));
  }

  get serial(): string {
    const file = join(this.folder, "serial");
    return existsSync(file) ? readFileSync(file, "latin1") : "";
  }

  /** A monitor command and its answer: all up to the next prompt. */
  async monitor(command: string): Promise<string> {
    this.said = "";
    this.process.stdin.write(`${command}\n`);
    await until(`the answer to ${command}`, () => /\n\(qemu\) $/.test(this.said));
    return this.said;
  }

  async type(keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.monitor(`sendkey ${key} 20`);
  }

  close(): void {
    this.process.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

describe.skipIf(!installed)("the lens on QEMU's memory", () => {
  let qemu: Qemu;
  let memory: GuestMemory;
  let paging: Paging;
  let tlb: string;

  beforeAll(async () => {
    qemu = new Qemu();
    await until("the prompt", () => qemu.serial.includes("herald> "));
    await qemu.type(["p", "s", "ret"]);
    await until("the table of ps", () => /PID[\s\S]* shell\s+herald> /.test(qemu.serial));
    await qemu.monitor("stop");
    const registers = await qemu.monitor("info registers");
    tlb = await qemu.monitor("info tlb");
    const dump = join(qemu.folder, "memory");
    await qemu.monitor(`pmemsave 0 0x4000000 "${dump}"`);
    paging = { cr3: BigInt(`0x${/CR3=([0-9a-f]+)/.exec(registers)![1]}`), levels: 4 };
    const map = parseMap(JSON.parse(readFileSync(publicFile("herald.map.json"), "utf8")));
    memory = new GuestMemory(new Uint8Array(readFileSync(dump)), map, paging);
  }, 2 * PATIENCE_MS);

  afterAll(() => qemu?.close());

  it("agrees on every mapping: page, rights, accessed, dirty", () => {
    const mappings = [...tlb.matchAll(/([0-9a-f]{16}): ([0-9a-f]{16}) ([-XGPDACTUW]{9})/g)];
    expect(mappings.length).toBeGreaterThan(100);
    for (const [line, address, physical, flags] of mappings) {
      const walk = walkAddress(memory, paging, BigInt(`0x${address}`));
      const badges = walk.levels.at(-1)!.badges;
      const letters = { X: "NX", G: "G", P: "PS", D: "D", A: "A", U: "U", W: "R/W" };
      const expected = Object.entries(letters).filter(([letter]) => flags.includes(letter));
      expect([line, walk.physical]).toEqual([line, BigInt(`0x${physical}`)]);
      expect([line, ...badges].sort()).toEqual([line, "P", ...expected.map(([, badge]) => badge)].sort());
    }
    const mapped = mappedRanges(memory, paging, []).ranges.reduce((sum, range) => sum + range.length, 0n);
    const sizes = mappings.map(([, , , flags]) => (flags.includes("P") ? 0x20_0000n : 0x1000n));
    expect(mapped).toBe(sizes.reduce((sum, size) => sum + size, 0n));
  });

  it("reads the processes that ps lists", () => {
    const now = { time: Number.MAX_SAFE_INTEGER, ticksPerMicrosecond: 1000, rip: 0n, rsp: 0n };
    const table = readProcesses(memory, now)!;
    const listed = [...qemu.serial.matchAll(/^ *(\d+) +(\d+) +(\w+) +[\w ]+? +(\w+)\r?$/gm)];
    const shown = table.processes.map((one) => [one.pid, one.generation, one.name]);
    expect(shown).toEqual(listed.map(([, pid, generation, , name]) => [+pid, +generation, name]));
    const pids = new Set(table.processes.map((one) => one.pid));
    expect(table.ended!.filter(({ pid, generation, name }) => pids.has(pid) || generation < 1 || name === "")).toEqual(
      [],
    );
  });

  it("reads topics and trace", () => {
    const keyboard = readTopics(memory)!.topics.find((topic) => topic.name === "keyboard")!;
    expect(keyboard).toMatchObject({ published: keyboard.delivered, dropped: 0 });
    const drain = new TraceDrain();
    drain.drain(memory);
    const records = decodeTrace(drain.take().records);
    const topicOf = (a: bigint) => Number(a & 0xffff_ffffn);
    const published = records.filter((one) => one.kind === TraceKind.publish && topicOf(one.a) === keyboard.topic);
    expect(published.length).toBe(keyboard.published);
    expect(records.every((one, i) => i === 0 || one.time >= records[i - 1].time)).toBe(true);
  });
});
