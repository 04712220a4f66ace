/**
 * Where the instructions go: `npm run profile:ipc -- [--from SYMBOL] [--to SYMBOL] [--path] MODEL BYTES SUBSCRIBERS BURST`. Runs the guest's
 * bench and counts the instructions of one round by function, from measure_begin to measure_end unless other functions of bench are named.
 * --path: in the order in which they ran instead, one line for each stay in a function; --instructions: every one of them.
 */
import { parseArgs } from "node:util";
import { disassemble } from "../../../src/engine/decode/disassemble";
import { benchMachine, startRound } from "./guest";
import { programSymbol, Stepper, type Step } from "./steps";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    from: { type: "string", default: "measure_begin" },
    to: { type: "string", default: "measure_end" },
    path: { type: "boolean", default: false },
    instructions: { type: "boolean", default: false },
  },
});
const MOST_TICKS = 3_000_000;

const machine = benchMachine();
startRound(machine, positionals.join(" "));
const stepper = new Stepper(machine.pc);
if (options.from !== "measure_begin" && !stepper.run(programSymbol("bench", options.from), MOST_TICKS, () => undefined))
  throw new Error(`${options.from} is not reached`);

const steps: (Step & { text?: string })[] = [];
function text(rip: bigint): string {
  const bytes = new Uint8Array(15);
  for (let i = 0; i < bytes.length; i++) {
    const at = machine.pc.cpu.translate(rip + BigInt(i), "execute", false);
    if (at === undefined) break;
    bytes[i] = machine.pc.cpu.ram[at];
  }
  return disassemble(bytes, rip, 64).text;
}
let total = 0;
const reached = stepper.run(programSymbol("bench", options.to), MOST_TICKS, (step) => {
  steps.push(options.instructions ? { ...step, text: text(step.rip) } : step);
  total += step.ticks;
});
if (!reached) throw new Error(`${options.to} is not reached`);

if (options.instructions) {
  let last = "";
  for (const { place, name, rip, ticks, interruptsOff, text: shown } of steps) {
    if (last !== `${place} ${name}`) console.log(`${place} ${name}`);
    last = `${place} ${name}`;
    console.log(`    ${rip.toString(16)}  ${interruptsOff ? "-" : " "} ${ticks > 1 ? ticks : ""}  ${shown}`);
  }
} else {
  const counts = new Map<string, { ticks: number; stays: number }>();
  let last = "";
  let stay = 0;
  for (const { place, name, ticks } of steps) {
    const key = `${place.padEnd(12)} ${name}`;
    const entry = counts.get(key) ?? { ticks: 0, stays: 0 };
    counts.set(key, { ticks: entry.ticks + ticks, stays: entry.stays + Number(key !== last) });
    if (key !== last && options.path && last) console.log(`${String(stay).padStart(6)}  ${last}`);
    stay = key === last ? stay + ticks : ticks;
    last = key;
  }
  if (!options.path)
    for (const [key, { ticks, stays }] of [...counts].sort(([, a], [, b]) => b.ticks - a.ticks))
      console.log(`${String(ticks).padStart(6)} ${String(stays).padStart(5)}x  ${key}`);
}
console.log(`${String(total).padStart(6)}  in all`);
