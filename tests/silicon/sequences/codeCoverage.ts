/** Which parts of the engine's own code ran, by V8's count of blocks: functions, branches and what else has a count of its own. */
import { type Profiler, Session } from "node:inspector";
import { findSourceMap } from "node:module";

const ENGINE = "/src/engine/";
const session = new Session();

function ask<T>(method: string, parameters: object = {}): T {
  let answer: unknown;
  session.post(method, parameters, (error: Error | null, result?: object) => {
    if (error) throw error;
    answer = result;
  });
  return answer as T;
}

/** Counting is part of the code that V8 makes: so it begins here, when this is the first module that is imported. */
export const COUNTED = process.argv.includes("--coverage");
if (COUNTED) {
  session.connect();
  ask("Profiler.enable");
  ask("Debugger.enable");
  ask("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
}

/** The line in the source of a place in the script that was made from it. */
function lineOf({ url, scriptId }: Profiler.ScriptCoverage, offset: number): number {
  const { scriptSource } = ask<{ scriptSource: string }>("Debugger.getScriptSource", { scriptId });
  const before = scriptSource.slice(0, offset).split("\n");
  const entry = findSourceMap(url)?.findEntry(before.length - 1, before[before.length - 1].length);
  return entry && "originalLine" in entry ? entry.originalLine + 1 : before.length;
}

interface Room {
  blocks: number;
  reached: number;
  /** By file, the lines where a function or a block begins that never ran. */
  readonly never: Map<string, Set<number>>;
}

function note(room: Room, file: string, script: Profiler.ScriptCoverage): void {
  const lines = room.never.get(file) ?? new Set();
  for (const { ranges } of script.functions) {
    room.blocks += ranges.length;
    const missed = ranges.filter(({ count }) => count === 0);
    room.reached += ranges.length - missed.length;
    for (const { startOffset } of missed) lines.add(lineOf(script, startOffset));
  }
  if (lines.size > 0) room.never.set(file, lines);
}

/** For each folder of the engine how many blocks ran, and where those begin that never did. */
export function countedReport(): string[] {
  const { result } = ask<{ result: Profiler.ScriptCoverage[] }>("Profiler.takePreciseCoverage");
  const rooms = new Map<string, Room>();
  for (const script of result) {
    const place = script.url.indexOf(ENGINE);
    if (place < 0) continue;
    const path = script.url.slice(place + ENGINE.length).split("/");
    const file = path.pop()!;
    const name = path.join("/") || ".";
    const room: Room = rooms.get(name) ?? { blocks: 0, reached: 0, never: new Map() };
    rooms.set(name, room);
    note(room, file, script);
  }
  return [...rooms]
    .sort()
    .flatMap(([name, { blocks, reached, never }]) => [
      `engine/${name}: ${reached} of ${blocks} blocks of its code ran`,
      ...[...never].map(([file, lines]) => `  never in ${file}: ${[...lines].sort((a, b) => a - b).join(" ")}`),
    ]);
}
