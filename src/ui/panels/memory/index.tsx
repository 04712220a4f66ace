/** Physical memory: every frame by use and owner, and the kernel heap by size class and owner. */
import { useCallback } from "react";
import { frameUseText, type HeapView, type MemoryView, type ProcessKey } from "../../../worker/protocol";
import { nameOf } from "../../store/colors";
import { useMachine } from "../../store/react";
import { selectProcess } from "../../store/selection";
import { Empty, Panel } from "../../widgets/Panel";
import { useCalmFrame } from "../common/calm";
import { grouped, percent, plural } from "../common/format";
import { ProcessName } from "../common/ProcessName";
import { fillOf, isOwned } from "./cells";
import { FrameMap } from "./FrameMap";
import "./memory.css";

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
const kibibytes = (bytes: number): string => `${grouped(Math.round(bytes / 1024))} KiB`;

type KeyOf = (pid: number) => ProcessKey | undefined;

export function MemoryPanel() {
  const view = useCalmFrame("memory");
  const table = useCalmFrame("processes");
  // Colours of the map depend on which processes there are, not on what they do.
  const alive = table?.processes.map(({ pid, generation }) => `${pid}.${generation}`).join(" ") ?? "";
  const keyOf = useCallback<KeyOf>((pid) => keyIn(alive, pid), [alive]);
  const words = useCallback((use: string, owner: number) => wordsOf(use, owner, keyOf), [keyOf]);
  if (!view) return <Waiting />;
  return (
    <Panel
      name="Memory"
      note={`${mebibytes(view.freeFrames * view.frameBytes)} of ${mebibytes(view.memoryFrames * view.frameBytes)} free`}
    >
      <FrameMap view={view} keyOf={keyOf} words={words} />
      <Groups view={view} keyOf={keyOf} />
      {view.heap && <Heap heap={view.heap} keyOf={keyOf} />}
      {view.note && <Empty>{view.note}</Empty>}
    </Panel>
  );
}

function keyIn(alive: string, pid: number): ProcessKey | undefined {
  const found = alive.split(" ").find((id) => id.startsWith(`${pid}.`));
  return found === undefined ? undefined : { pid, generation: Number(found.split(".")[1]) };
}

function wordsOf(use: string, owner: number, keyOf: KeyOf): string {
  if (use === "segment") return `shared memory segment ${owner}`;
  if (!isOwned(use, owner)) return frameUseText[use] ?? use;
  const key = keyOf(owner);
  return `${use.replaceAll("_", " ")} of ${key ? nameOf(key) : `process ${owner}`}`;
}

function Waiting() {
  const power = useMachine((state) => state.status.power);
  return (
    <Panel name="Memory">
      <Empty>
        {power === "off"
          ? "Power the machine on: every frame of its memory appears here by its use."
          : "The kernel has not made its frame table yet. It does so at the beginning of its work; a foreign disk image has none."}
      </Empty>
    </Panel>
  );
}

/** The map's table twin and its legend. */
function Groups({ view, keyOf }: { view: MemoryView; keyOf: KeyOf }) {
  return (
    <table className="grid" aria-label="Frames by use and owner">
      <thead>
        <tr>
          <th>use</th>
          <th>of</th>
          <th className="n">frames</th>
          <th className="n">size</th>
          <th className="n">of all</th>
        </tr>
      </thead>
      <tbody>
        {view.groups.map(({ use, owner, frames }) => (
          <tr key={`${use} ${owner}`}>
            <td title={frameUseText[use]}>
              <Swatch use={use} owner={owner} keyOf={keyOf} />
              {use.replaceAll("_", " ")}
            </td>
            <td>{use === "segment" ? `segment ${owner}` : <Owner pid={owner} keyOf={keyOf} />}</td>
            <td className="n">{grouped(frames)}</td>
            <td className="n">{kibibytes(frames * view.frameBytes)}</td>
            <td className="n">{percent(frames / view.memoryFrames)}</td>
          </tr>
        ))}
        <tr>
          <td>
            <Swatch use="free" owner={0} keyOf={keyOf} />
            free
          </td>
          <td />
          <td className="n">{grouped(view.freeFrames)}</td>
          <td className="n">{kibibytes(view.freeFrames * view.frameBytes)}</td>
          <td className="n">{percent(view.freeFrames / view.memoryFrames)}</td>
        </tr>
      </tbody>
    </table>
  );
}

function Swatch({ use, owner, keyOf }: { use: string; owner: number; keyOf: KeyOf }) {
  const { token, alpha } = fillOf(use, owner, keyOf);
  return <i className="dot" style={{ background: `var(${token})`, opacity: alpha }} aria-hidden="true" />;
}

function Owner({ pid, keyOf }: { pid: number; keyOf: KeyOf }) {
  if (pid === 0) return <span className="dim">kernel</span>;
  const key = keyOf(pid);
  if (!key) return <span className="dim">process {pid}</span>;
  return (
    <button type="button" className="memory-owner" onClick={() => selectProcess(key)}>
      <ProcessName of={key} name={nameOf(key)} />
    </button>
  );
}

function Heap({ heap, keyOf }: { heap: HeapView; keyOf: KeyOf }) {
  return (
    <section className="heap" aria-label="Kernel heap">
      <h3>
        kernel heap
        <span>
          {kibibytes(heap.usedBytes)} in {plural(heap.usedBlocks, "block")} of {kibibytes(heap.mappedBytes)} ·{" "}
          {plural(heap.allocations, "allocation")} so far
        </span>
      </h3>
      <div className="heap-tables">
        <table className="grid" aria-label="Heap blocks by size">
          <thead>
            <tr>
              <th className="n">block</th>
              <th className="n">used</th>
              <th className="n">free</th>
            </tr>
          </thead>
          <tbody>
            {heap.classes.map(({ bytes, used, free }) => (
              <tr key={bytes}>
                <td className="n">{bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KiB`}</td>
                <td className="n">{grouped(used)}</td>
                <td className="n">{grouped(free)}</td>
              </tr>
            ))}
          </tbody>
        </table>
        <table className="grid" aria-label="Heap blocks by owner">
          <thead>
            <tr>
              <th>asked for by</th>
              <th className="n">blocks</th>
              <th className="n">size</th>
            </tr>
          </thead>
          <tbody>
            {heap.owners.map(({ pid, blocks, bytes }) => (
              <tr key={pid}>
                <td>
                  <Owner pid={pid} keyOf={keyOf} />
                </td>
                <td className="n">{grouped(blocks)}</td>
                <td className="n">{kibibytes(bytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
