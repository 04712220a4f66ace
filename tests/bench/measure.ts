/** Runs a workload's image in our machine and times it between its marks. Knows no host: the same code in Node and in a worker. */
import { Pc } from "../../src/pc/pc";
import { type Marked, MARKS } from "./marks";

export interface Request {
  readonly image: Uint8Array;
  readonly tier: "interpreter" | "regions";
}

/** The text is what the guest wrote to its debug console. */
export interface Measured extends Marked {
  /** Guest instructions of the first rounds. */
  readonly instructions: number;
  /** Why there is no time: what the machine does not have. */
  readonly missing?: string;
}

const LIMIT_MS = 20_000;
const TOO_SLOW = `did not end within ${LIMIT_MS / 1000} s`;
/** The machine's owner looks up between slices, as the page's session does. */
const SLICE_TICKS = 2 ** 22;

export async function measure({ image, tier }: Request): Promise<Measured> {
  let text = "";
  const at: Record<string, number> = {};
  const ticks: Record<string, number> = {};
  const debugConsole = (byte: number) => {
    const character = String.fromCharCode(byte);
    text += character;
    if (!MARKS.includes(character)) return;
    at[character] = performance.now();
    ticks[character] = pc.clock;
  };
  const pc: Pc = new Pc({ disk: image, regions: tier === "regions", outputs: { debugConsole } });
  const begun = performance.now();
  while (!pc.stopped) {
    pc.run(pc.clock + SLICE_TICKS);
    await pause();
    if (performance.now() - begun > LIMIT_MS) return { at, text, instructions: 0, missing: TOO_SLOW };
  }
  const end = pc.stopped;
  if (end?.kind === "unimplemented") return { at, text, instructions: 0, missing: end.report.split("\n")[0] };
  if (end?.kind !== "debugExit") throw new Error(`the workload did not end: ${JSON.stringify(end)} ${text}`);
  return { at, text, instructions: ticks[">"] - ticks["<"] };
}

const channel = new MessageChannel();

/** Lets messages and finished compilations in, without the delay of setTimeout. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    channel.port1.onmessage = () => {
      channel.port1.onmessage = null;
      resolve();
    };
    channel.port2.postMessage(0);
  });
}
