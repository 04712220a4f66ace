/** The command line of the machine, read into one structure; every mistake is one sentence. */

/** How instructions are run: by the interpreter alone, hot code compiled as regions ("both"), or every block compiled at its first use. */
export type Tier = (typeof TIERS)[number];
const TIERS = ["interpreter", "both", "regions"] as const;

export interface Options {
  readonly image: string;
  readonly memoryMiB: number;
  readonly tier: Tier;
  /** Where bytes of the serial line and the debug console go: a file, "-" for standard output, undefined for nowhere. */
  readonly serial: string;
  readonly debugConsole: string | undefined;
  readonly keys: string | undefined;
  readonly keysAfter: string | undefined;
  readonly screen: boolean;
  readonly maxInstructions: number;
  readonly timeoutSeconds: number;
  readonly trace: { readonly kinds: string; readonly file: string } | undefined;
  readonly stats: boolean;
  /** Virtual clock, and five-level paging: machine settings of a scenario. */
  readonly mhz: number;
  readonly levels5: boolean;
  readonly secondImage: string | undefined;
  /** Files that hold a machine: written at the end, read at the start. */
  readonly snapshot: string | undefined;
  readonly resume: string | undefined;
}

export class UsageError extends Error {}

export const HELP = `npm run -s pc -- IMAGE [options]

Boots a raw disk image as the first hard disk (BIOS drive 80h), without a browser.

  --memory MiB           RAM, 16 to 256 (64)
  --tier TIER            both: code that runs often is compiled; interpreter: nothing is; regions: everything is, at its first use, which
                         is slow and for tests (both). The run is the same
  --serial FILE|-        where the bytes of COM1 go (-, standard output)
  --debugcon FILE|-      where bytes written to port E9h go (nowhere)
  --keys TEXT            type this on the keyboard, once. US layout; \\n is Enter, \\t Tab, \\e Escape, \\b Backspace, \\\\ a backslash.
                         A key goes down or up every 10 ms of virtual time, and not before the machine has taken the last one
  --keys-after TEXT      wait with typing until this text has appeared on the serial line
  --screen               print the text screen at the end
  --max-instructions N   stop after N instructions (an idle processor executes none)
  --timeout SECONDS      stop after this much real time
  --trace KINDS FILE     write Herald's trace records of these kinds (comma-separated, or "all") as text; FILE may be -
  --snapshot FILE        at the end, keep the machine in this file
  --resume FILE          go on with the machine in this file; the disk images must be those it was made with. Memory size, clock rate
                         and five-level paging come from the file
  --stats                at the end, one line of JSON on standard error
  --mhz N                instructions in a microsecond of virtual time, 1 to 1000 (100)
  --disk2 FILE           a second hard disk (BIOS drive 81h)
  --la57                 the processor offers five-level paging
  --help                 this text

Exit status: 0 powered off or halted for ever; 2v+1 for value v written to isa-debug-exit (port F4h); 2 bad usage or unreadable
file; 124 limit reached; 125 triple fault; 126 something the machine does not have (125 and 126: report on standard error).
`;

const VALUES: Readonly<Record<string, number>> = {
  "--memory": 1,
  "--tier": 1,
  "--serial": 1,
  "--debugcon": 1,
  "--keys": 1,
  "--keys-after": 1,
  "--screen": 0,
  "--max-instructions": 1,
  "--timeout": 1,
  "--trace": 2,
  "--disk2": 1,
  "--snapshot": 1,
  "--resume": 1,
  "--stats": 0,
  "--mhz": 1,
  "--la57": 0,
};

/** "help" when that was asked for. */
export function parseOptions(args: readonly string[]): Options | "help" {
  const given = new Map<string, string[]>();
  const images: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const word = args[index];
    if (word === "--help" || word === "-h") return "help";
    if (!word.startsWith("-") || word === "-") {
      images.push(word);
      continue;
    }
    const count = Object.hasOwn(VALUES, word) ? VALUES[word] : undefined;
    if (count === undefined) throw new UsageError(`there is no option ${word} (--help lists them)`);
    if (given.has(word)) throw new UsageError(`${word} is given twice`);
    const values = args.slice(index + 1, index + 1 + count);
    if (values.length < count) throw new UsageError(`${word} needs ${count === 1 ? "a value" : `${count} values`}`);
    given.set(word, values);
    index += count;
  }
  if (images.length !== 1)
    throw new UsageError(
      images.length ? `one image, not ${images.length}` : "no disk image is named (--help tells more)",
    );
  return interpret(images[0], given);
}

function interpret(image: string, given: ReadonlyMap<string, readonly string[]>): Options {
  const value = (name: string) => given.get(name)?.[0];
  if (given.has("--resume")) refuseSettings(given);
  const keys = value("--keys");
  const keysAfter = value("--keys-after");
  if (keysAfter !== undefined && keys === undefined) throw new UsageError("--keys-after needs --keys");
  const trace = given.get("--trace");
  return {
    image,
    memoryMiB: whole("--memory", value("--memory"), 64, 16, 256),
    tier: tier(value("--tier")),
    serial: value("--serial") ?? "-",
    debugConsole: value("--debugcon"),
    keys: keys === undefined ? undefined : unescape(keys),
    keysAfter: keysAfter === undefined ? undefined : unescape(keysAfter),
    screen: given.has("--screen"),
    maxInstructions: whole("--max-instructions", value("--max-instructions"), Infinity, 1, Number.MAX_SAFE_INTEGER),
    timeoutSeconds: seconds(value("--timeout")),
    trace: trace && { kinds: trace[0], file: trace[1] },
    stats: given.has("--stats"),
    mhz: whole("--mhz", value("--mhz"), 100, 1, 1000),
    levels5: given.has("--la57"),
    secondImage: value("--disk2"),
    snapshot: value("--snapshot"),
    resume: value("--resume"),
  };
}

/** What a snapshot brings with it cannot be asked for. */
function refuseSettings(given: ReadonlyMap<string, readonly string[]>): void {
  for (const name of ["--memory", "--mhz", "--la57"])
    if (given.has(name)) throw new UsageError(`${name} cannot be given with --resume: the machine is what it was`);
}

function tier(text = "both"): Tier {
  const found = TIERS.find((name) => name === text);
  if (found === undefined) throw new UsageError(`--tier is interpreter, regions or both, not ${text}`);
  return found;
}

function whole(name: string, text: string | undefined, standard: number, least: number, most: number): number {
  if (text === undefined) return standard;
  const number = /^[0-9]+$/.test(text) ? Number(text) : NaN;
  if (number >= least && number <= most) return number;
  const range = most === Number.MAX_SAFE_INTEGER ? `at least ${least}` : `${least} to ${most}`;
  throw new UsageError(`${name} is a whole number, ${range}, not ${text}`);
}

function seconds(text: string | undefined): number {
  if (text === undefined) return Infinity;
  const number = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : NaN;
  if (number > 0) return number;
  throw new UsageError(`--timeout is a number of seconds above 0, not ${text}`);
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", e: "\x1b", b: "\b", "\\": "\\" };

function unescape(text: string): string {
  return text.replace(/\\(.)/gs, (whole, character: string) => ESCAPES[character] ?? whole);
}
