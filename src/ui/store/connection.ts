/**
 * The only file that talks to the worker. One animation-frame loop: draw the frame that came, then ask for the next, so that there is
 * never more than one on its way and a slow page slows nothing but itself.
 */
import { heraldIdentity } from "../../scenario/link";
import type { Input, Scenario } from "../../scenario/schema";
import { TraceKind, type Frame, type FromWorker, type ToWorker, type View } from "../../worker/protocol";
import { forgetProcesses, rememberEnded, rememberName, titleOf } from "./colors";
import { applyFrame } from "./frame";
import { typing } from "./keyboard";
import { machineOff, machineStore, REAL_TIME } from "./machine";
import { foreignOpened, heraldKnown, scenarioOpened, scenarioStore, setNotice } from "./scenario";
import { clearSelection, selectionStore } from "./selection";
import { appendSerial, clearSerial } from "./serial";
import { trace } from "./trace";
import { visibleStore } from "./visible";
import { writers } from "./writers";

const SIGNATURE_OFFSET = 510;

interface Disk {
  readonly image: ArrayBuffer;
  readonly map: unknown;
}

let worker: Worker | undefined;
let disk: Promise<Disk> | undefined;
let seekNext: number | undefined;
let arrived: Frame | undefined;
let asked = false;
/** Whether a foreign image has the boot signature. If not, the BIOS and the machine's state say so: the worker's notice is one too many. */
let signed = true;
/** Counts opens, so that a slow one does not overtake a later one. */
let opening = 0;

const send = (message: ToWorker, transfer: Transferable[] = []): void => worker?.postMessage(message, transfer);

async function fetchPart(name: string): Promise<Response> {
  const response = await fetch(name).catch(() => undefined);
  if (response?.ok) return response;
  throw new Error(`${name} could not be loaded${response ? ` (${response.status})` : ""}. Reload the page.`);
}

/** Herald's disk and its map, fetched once. */
function fetchDisk(): Promise<Disk> {
  disk ??= Promise.all([
    fetchPart("herald.img").then((response) => response.arrayBuffer()),
    fetchPart("herald.map.json").then((response) => response.json() as Promise<unknown>),
  ]).then(([image, map]) => ({ image, map }));
  return disk;
}

/** Starts the worker and the frame loop; once per page. */
export function connect(): void {
  worker = new Worker(new URL("../../worker/main.ts", import.meta.url), { type: "module", name: "machine" });
  worker.onmessage = (event: MessageEvent<FromWorker>) => receive(event.data);
  worker.onerror = (event) => {
    machineStore.setState({ failure: `The machine stopped working: ${event.message || "its code did not load"}.` });
  };
  selectionStore.subscribe(sendView);
  visibleStore.subscribe(sendView);
  requestAnimationFrame(tick);
  void fetchDisk().catch(() => undefined);
}

function tick(): void {
  if (arrived) draw(arrived);
  arrived = undefined;
  if (!asked && worker) {
    asked = true;
    send({ kind: "frame" });
  }
  requestAnimationFrame(tick);
}

function receive(message: FromWorker): void {
  switch (message.kind) {
    case "frame":
      asked = false;
      arrived = message.frame;
      break;
    case "inputs":
      scenarioStore.setState({ inputs: message.inputs });
      break;
    case "reached":
      arrivedAt(message.tick);
      break;
    case "error":
      if (message.where !== "image" || signed) setNotice({ tone: "error", text: message.message });
      break;
    default:
      break;
  }
}

/** One seek at a time: of those asked for meanwhile only the last one counts. */
function arrivedAt(tick: number): void {
  if (machineStore.getState().seeking === undefined) return replayed(tick);
  const next = seekNext;
  seekNext = undefined;
  machineStore.setState({ seeking: next });
  if (next !== undefined) send({ kind: "seek", tick: next });
}

/** The machine hurried to a link's last input: there it goes on at its pace. It was stopped before: then it stands where it is. */
function replayed(tick: number): void {
  const { replayUntil } = machineStore.getState();
  machineStore.setState({ replayUntil: undefined });
  if (replayUntil !== undefined && tick >= replayUntil) send({ kind: "run" });
}

function draw(frame: Frame): void {
  if (frame.fresh) startAfresh();
  if (frame.moved) forgetPast();
  readTrace(frame.trace);
  for (const process of frame.processes?.processes ?? []) rememberName(process, titleOf(process));
  for (const process of frame.processes?.ended ?? []) rememberEnded(process, process.name);
  appendSerial(frame.serial, writers.paint(frame.serial));
  applyFrame(frame);
  machineStore.setState({ status: frame.status });
}

/** Records go to the columns; those of the console also tell whose line it is. */
function readTrace(records: ArrayBuffer): void {
  const known = trace.first + trace.length;
  trace.append(records);
  const { columns, first, length } = trace;
  for (let row = Math.max(0, known - first); row < length; row++) {
    if (columns.kind[row] !== TraceKind.console_line) continue;
    writers.wrote({ pid: columns.pid[row], generation: columns.generation[row] }, columns.aLow[row], columns.bLow[row]);
  }
}

/** The machine is at another instant: all there was up to it comes with the frame. */
function forgetPast(): void {
  clearSerial();
  writers.clear();
  trace.clear();
}

/** Whatever was shown belonged to another run. */
function startAfresh(): void {
  forgetProcesses();
  clearSelection();
  forgetPast();
  seekNext = undefined;
  machineStore.setState({ run: machineStore.getState().run + 1, failure: undefined });
}

let lastView = "";
function sendView(): void {
  const { process, address, syntax } = selectionStore.getState();
  const view: View = { panels: visibleStore.getState().panels, process, address, syntax };
  const text = JSON.stringify({ ...view, address: address?.toString() });
  if (text === lastView) return;
  lastView = text;
  send({ kind: "view", view });
}

/** The speed a scenario asks for holds until another one is opened. */
function beginLook({ look }: Scenario): void {
  const before = scenarioStore.getState().open?.look?.speed;
  const { speed } = machineStore.getState().status;
  if (look?.speed !== undefined && look.speed !== before) setSpeed(look.speed);
  else if (look?.speed === undefined && before === speed) setSpeed(REAL_TIME);
}

/**
 * Opens a scenario and runs it, its recorded inputs replayed at their ticks. `madeWith` is the build of Herald that a link was made with:
 * with another one the same keys may not give the same run, and that is said.
 */
export async function openScenario(
  scenario: Scenario,
  inputs: readonly Input[] = [],
  madeWith?: string,
): Promise<void> {
  const mine = ++opening;
  beginLook(scenario);
  scenarioOpened(scenario, inputs);
  machineStore.setState({ status: machineOff });
  try {
    const { image, map } = await fetchDisk();
    if (mine !== opening) return;
    heraldKnown(heraldIdentity(map), madeWith);
    send({ kind: "open", scenario, inputs, image, map });
    sendView();
    const last = inputs.at(-1)?.tick;
    machineStore.setState({ replayUntil: last });
    send(last === undefined ? { kind: "run" } : { kind: "runTo", tick: last });
  } catch (error) {
    disk = undefined;
    machineStore.setState({ failure: (error as Error).message });
  }
}

/** Starts with a disk image from outside. */
export function openImage(name: string, image: ArrayBuffer, memoryMiB = 64): void {
  opening++;
  machineStore.setState({ replayUntil: undefined });
  const [low, high] = new Uint8Array(image, SIGNATURE_OFFSET, 2);
  signed = low === 0x55 && high === 0xaa;
  foreignOpened(name, image.byteLength);
  send({ kind: "openImage", name, image, memoryMiB }, [image]);
  send({ kind: "run" });
}

/** The person takes over: whatever was replayed goes on at the machine's own pace. */
function go(): void {
  machineStore.setState({ replayUntil: undefined });
  send({ kind: "run" });
}

export const setPower = (on: boolean): void => {
  send({ kind: "power", on });
  if (on) go();
};
export const resetMachine = (): void => {
  send({ kind: "reset" });
  go();
};
export const runMachine = go;
export const pauseMachine = (): void => send({ kind: "pause" });
export const stepMachine = (count = 1): void => send({ kind: "step", count });
/** Back to before the instruction executed last. */
export const stepBack = (): void => send({ kind: "stepBack" });

/** Goes to an instant of the recording and stands there. */
export function seekTo(tick: number): void {
  const target = Math.max(0, Math.round(tick));
  const busy = machineStore.getState().seeking !== undefined;
  machineStore.setState({ seeking: target, replayUntil: undefined });
  if (busy) seekNext = target;
  else send({ kind: "seek", tick: target });
}

export const setSpeed = (ticksPerSecond: number | "max"): void => send({ kind: "speed", ticksPerSecond });
export const sendKey = (code: string, down: boolean): void => send({ kind: "key", code, down });

/** Types a text on the machine's keyboard; the answer is what no US key gives. */
export function typeText(text: string): readonly string[] {
  const { changes, unknown } = typing(text);
  for (const change of changes) send({ kind: "key", ...change });
  return unknown;
}
