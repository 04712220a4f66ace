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

const isNamed = ({ functionName }: Profiler.FunctionCoverage) => functionName !== "" && !functionName.startsWith("<");

/** For each folder of the engine how many blocks ran, and the functions that never did. */
export function countedReport(): string[] {
  const { result } = ask<{ result: Profiler.ScriptCoverage[] }>("Profiler.takePreciseCoverage");
  const rooms = new Map<string, { blocks: number; reached: number; never: string[] }>();
  for (const script of result) {
    const place = script.url.indexOf(ENGINE);
    if (place < 0) continue;
    const path = script.url.slice(place + ENGINE.length);
    const name = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : ".";
    const room = rooms.get(name) ?? { blocks: 0, reached: 0, never: [] };
    rooms.set(name, room);
    for (const one of script.functions) {
      room.blocks += one.ranges.length;
      room.reached += one.ranges.filter(({ count }) => count > 0).length;
      const [whole] = one.ranges;
      if (whole.count === 0 && isNamed(one))
        room.never.push(
          `${path.slice(path.lastIndexOf("/") + 1)}:${lineOf(script, whole.startOffset)} ${one.functionName}`,
        );
    }
  }
  return [...rooms]
    .sort()
    .flatMap(([name, { blocks, reached, never }]) => [
      `engine/${name}: ${reached} of ${blocks} blocks of its code ran`,
      ...(never.length ? [`  never: ${never.join(", ")}`] : []),
    ]);
}
