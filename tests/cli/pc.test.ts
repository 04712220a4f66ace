/** The command line as a process of its own. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseOptions, UsageError } from "../../src/cli/options";

const root = new URL("../..", import.meta.url).pathname;
const guest = (name: string) => join("tests/pc/guests", `${name}.bin`);
const folder = mkdtempSync(join(tmpdir(), "vitrine-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));

function pc(...args: string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["src/cli/start.mjs", ...args], {
    cwd: root,
    encoding: "utf8",
    timeout: 100_000,
  });
  return { status, out: stdout, err: stderr };
}

describe("pc", () => {
  it("types keys after a text, and shows the screen at the end", () => {
    const { status, out, err } = pc(guest("echo"), "--keys", "Hi, \\\\you!\\n", "--keys-after", "ready>", "--screen");
    expect(err).toBe("");
    expect(status).toBe(0);
    expect(out).toMatch(/^ready> Hi, \\you!\r\nVitrine BIOS {2}64 MiB\n/);
    expect(out.trimEnd().split("\n").at(-1)).toBe("ready> Hi, \\you!");
  });

  it("ends with 2v+1 for value v, the debug console in a file, figures on standard error", () => {
    const file = join(folder, "console");
    const { status, out, err } = pc(guest("video"), "--debugcon", file, "--stats", "--tier", "both", "--memory", "32");
    expect(status).toBe(1);
    expect(out).toBe("");
    expect(readFileSync(file, "utf8")).toBe(readFileSync(join(root, "tests/pc/guests/video.txt"), "utf8"));
    const figures = JSON.parse(err) as Record<string, unknown>;
    expect(figures.instructions).toBeGreaterThan(1000);
    expect(figures.hash).toMatch(/^[0-9a-f]{32}$/);
    // It counts to 8.
    expect(pc(guest("reset")).status).toBe(17);
  });

  it("ends with 124 at a limit", () => {
    const { status, err } = pc(guest("spin"), "--max-instructions", "123456", "--stats");
    expect(status).toBe(124);
    expect(JSON.parse(err.split("\n")[1])).toMatchObject({ instructions: 123456 });
    expect(pc(guest("spin"), "--timeout", "0.5").status).toBe(124);
  });

  it("keeps the machine in a file and goes on with it", () => {
    const kept = join(folder, "machine");
    const figures = (err: string) =>
      JSON.parse(err.trim().split("\n").at(-1)!) as { hash: string; instructions: number };
    const whole = pc(guest("spin"), "--max-instructions", "3000000", "--stats", "--memory", "16");
    expect(pc(guest("spin"), "--max-instructions", "1234567", "--snapshot", kept, "--memory", "16").status).toBe(124);
    const rest = pc(guest("spin"), "--max-instructions", "3000000", "--stats", "--resume", kept);
    expect(figures(rest.err).hash).toBe(figures(whole.err).hash);
    expect(pc(guest("chips"), "--resume", kept).err).toMatch(/disk 1 is not the image/);
    expect(pc(guest("spin"), "--resume", join(root, "package.json")).err).toMatch(/it is not a snapshot/);
    expect(pc(guest("spin"), "--resume", kept, "--memory", "64").status).toBe(2);
  });

  it("ends with 125 and the registers at a triple fault", () => {
    const { status, err } = pc(guest("triple"));
    expect(status).toBe(125);
    expect(err).toMatch(/triple fault/i);
    expect(err).toMatch(/rsp/i);
  });

  it("says in one line what is wrong with the image or the usage", () => {
    const image = join(folder, "short.img");
    writeFileSync(image, new Uint8Array(513));
    expect(pc(image)).toMatchObject({
      status: 0,
      err: "pc: boot failed: not a bootable disk: the disk image has 513 bytes, which is not a multiple of 512\n",
    });
    const missing = pc(join(folder, "missing.img"));
    expect(missing.status).toBe(2);
    expect(missing.err).toMatch(/^pc: cannot read the image .*missing\.img.*\n$/);
    expect(pc(guest("spin"), "--debugcon", "/").status).toBe(2);
  });
});

describe("options", () => {
  const wrong = (...args: string[]) => {
    try {
      parseOptions(args);
    } catch (error) {
      expect(error).toBeInstanceOf(UsageError);
      return (error as Error).message;
    }
    return "accepted";
  };

  it("are explained when wrong", () => {
    expect(wrong()).toContain("no disk image");
    expect(wrong("a", "b")).toContain("one image, not 2");
    expect(wrong("a", "--frobnicate")).toContain("no option --frobnicate");
    expect(wrong("a", "--constructor")).toContain("no option");
    expect(wrong("a", "--memory", "8")).toContain("16 to 256, not 8");
    expect(wrong("a", "--memory", "64x")).toContain("not 64x");
    expect(wrong("a", "--memory")).toContain("needs a value");
    expect(wrong("a", "--trace", "all")).toContain("needs 2 values");
    expect(wrong("a", "--screen", "--screen")).toContain("twice");
    expect(wrong("a", "--tier", "fast")).toContain("not fast");
    expect(wrong("a", "--resume", "f", "--mhz", "5")).toContain("cannot be given with --resume");
    expect(wrong("a", "--keys-after", "x")).toContain("needs --keys");
    expect(wrong("a", "--timeout", "-1")).toContain("not -1");
    expect(wrong("a", "--max-instructions", "1e6")).toContain("whole number");
  });

  it("have the standard values of the documentation", () => {
    expect(parseOptions(["a"])).toMatchObject({
      image: "a",
      memoryMiB: 64,
      tier: "both",
      serial: "-",
      mhz: 100,
      levels5: false,
    });
    expect(parseOptions(["--keys", "a\\n\\t\\\\n", "a"])).toMatchObject({ keys: "a\n\t\\n" });
    expect(parseOptions(["--help", "--nonsense"])).toBe("help");
  });

  it("starts from a bundle that carries the handlers, its functions compiled", () => {
    expect(pc("--help").status).toBe(0);
    const source = join(root, "build/cli/pc.cjs");
    expect(readFileSync(source, "latin1")).toContain('"specialisations');
    const cache = join(root, `build/cli/pc-${process.versions.v8}-${process.arch}.cache`);
    const question = `const [source, cache] = process.argv.slice(1).map((file) => fs.readFileSync(file));
      const wrapped = "(function (exports, require) {" + source.latin1Slice() + "\\n})";
      console.log(new vm.Script(wrapped, { cachedData: cache }).cachedDataRejected)`;
    const answer = spawnSync(process.execPath, ["-e", question, source, cache], { encoding: "utf8" });
    expect(answer.stdout).toBe("false\n");
  });
});
