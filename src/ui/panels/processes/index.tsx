/** The process table as it stands in the kernel's memory. */
import { useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import type { ProcessView } from "../../../worker/protocol";
import { traceIndex } from "../../derived/index";
import { titleOf } from "../../store/colors";
import { hoverProcess, sameProcess, selectProcess } from "../../store/selection";
import { useMachine, useSelection } from "../../store/react";
import { Empty, Panel } from "../../widgets/Panel";
import { useCalmFrame, useCalmTick } from "../common/calm";
import { duration, grouped, percent, ticksPerMs } from "../common/format";
import { Toggle } from "../common/Choice";
import { Dot } from "../common/ProcessName";
import { Changing } from "./Changing";
import { matches, rowsOf, sortRows, type ColumnName, type ProcessRow, type Sorting } from "./rows";
import "./processes.css";

interface Column {
  readonly name: ColumnName;
  readonly title: string;
  readonly label: string;
  readonly numeric?: boolean;
}

const identity: readonly Column[] = [
  { name: "pid", title: "pid", label: "Process number; after the dot its generation when the number was used before" },
  { name: "name", title: "process", label: "The file it was loaded from, and what it was started with" },
];

/** What it does now. */
const present: readonly Column[] = [
  ...identity,
  {
    name: "kind",
    title: "kind",
    label: "native: machine code in ring 3; program: interpreted by the kernel; kernel: idle",
  },
  { name: "state", title: "state", label: "What it does, or waits for" },
  { name: "share", title: "cpu", label: "Part of the last second it had the CPU", numeric: true },
  { name: "total", title: "total", label: "Time on the CPU since it exists", numeric: true },
  { name: "switches", title: "switches", label: "How often it got the CPU", numeric: true },
  { name: "queue", title: "queue", label: "Messages in its mailbox", numeric: true },
];

/** Where its time went, since it exists. */
const accounts: readonly Column[] = [
  ...identity,
  { name: "total", title: "run", label: "Time on the CPU", numeric: true },
  { name: "ready", title: "ready", label: "Time it could have run, but another had the CPU", numeric: true },
  { name: "blocked", title: "blocked", label: "Time it waited for something", numeric: true },
  { name: "switches", title: "switches", label: "How often it got the CPU", numeric: true },
  { name: "calls", title: "calls", label: "System calls it has made", numeric: true },
];

const SECOND_MS = 1000;

export function ProcessesPanel() {
  const table = useCalmFrame("processes");
  const now = useCalmTick();
  const [filter, setFilter] = useState("");
  const [sorting, setSorting] = useState<Sorting>({ column: "pid", descending: false });
  const [times, setTimes] = useState(false);
  if (!table) return <Waiting />;
  const all = rowsOf(table, traceIndex.update(), now, SECOND_MS * ticksPerMs());
  const rows = sortRows(
    all.filter((row) => matches(row, filter)),
    sorting,
  );
  const search = (
    <>
      <Toggle on={times} onChange={setTimes} title="Where each process's time went">
        times
      </Toggle>
      <input
        type="search"
        className="process-filter"
        placeholder="filter"
        aria-label="Filter processes"
        value={filter}
        onChange={(event) => setFilter(event.target.value)}
      />
    </>
  );
  return (
    <Panel
      name="Processes"
      actions={search}
      note={`${rows.length === all.length ? all.length : `${rows.length} of ${all.length}`} · mutex ${table.mutexLocked ? "held" : "free"}`}
    >
      <Table rows={rows} columns={times ? accounts : present} sorting={sorting} onSort={setSorting} />
      {rows.length === 0 && <Empty>No process matches “{filter}”.</Empty>}
      {table.note && <Empty>{table.note}</Empty>}
    </Panel>
  );
}

function Waiting() {
  const power = useMachine((state) => state.status.power);
  return (
    <Panel name="Processes" note="0">
      <Empty>
        {power === "off"
          ? "Power the machine on: the kernel's process table appears here as soon as it exists."
          : "No process table yet. Herald makes its first process at the end of the boot; of a foreign disk image nothing is known."}
      </Empty>
    </Panel>
  );
}

interface TableProps {
  readonly rows: readonly ProcessRow[];
  readonly columns: readonly Column[];
  readonly sorting: Sorting;
  readonly onSort: (sorting: Sorting) => void;
}

function Table({ rows, columns, sorting, onSort }: TableProps) {
  const selected = useSelection((state) => state.process);
  const body = useRef<HTMLTableSectionElement>(null);
  const at = rows.findIndex((row) => sameProcess(row.process, selected));

  const onKeyDown = (event: KeyboardEvent): void => {
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: Math.min(at + 1, rows.length - 1),
      ArrowUp: Math.max(at - 1, 0),
      Home: 0,
      End: rows.length - 1,
    };
    const next = moves[event.key];
    if (next === undefined || !rows[next]) return;
    event.preventDefault();
    selectProcess(rows[next].process);
    (body.current?.children[next] as HTMLElement | undefined)?.focus();
  };
  const sort = (column: ColumnName, numeric = false): void => {
    const again = sorting.column === column;
    onSort({ column, descending: again ? !sorting.descending : numeric });
  };
  return (
    <table className={columns === accounts ? "grid processes accounts" : "grid processes"}>
      <thead>
        <tr>
          {columns.map(({ name, title, label, numeric }) => (
            <th
              key={name}
              className={numeric ? `n ${name}` : name}
              aria-sort={sorting.column !== name ? "none" : sorting.descending ? "descending" : "ascending"}
            >
              <button type="button" title={label} onClick={() => sort(name, numeric)}>
                {title}
              </button>
            </th>
          ))}
        </tr>
      </thead>
      <tbody ref={body} onKeyDown={onKeyDown}>
        {rows.map((row, index) => (
          <Row
            key={`${row.process.pid}.${row.process.generation}`}
            row={row}
            times={columns === accounts}
            selected={index === at}
            reachable={index === Math.max(at, 0)}
          />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  readonly row: ProcessRow;
  readonly times: boolean;
  readonly selected: boolean;
  readonly reachable: boolean;
}

function Row({ row, times, selected, reachable }: RowProps) {
  const { process } = row;
  return (
    <tr
      tabIndex={reachable ? 0 : -1}
      aria-current={selected ? "true" : undefined}
      onClick={() => selectProcess(process)}
      onFocus={() => hoverProcess(process)}
      onBlur={() => hoverProcess(undefined)}
      onMouseEnter={() => hoverProcess(process)}
      onMouseLeave={() => hoverProcess(undefined)}
    >
      <td className="pid mono">
        <Dot of={process} />
        {process.pid}
        {process.generation > 1 && <span className="dim">·{process.generation}</span>}
      </td>
      <td className="name" title={titleOf(process)}>
        {process.name || (process.pid === 0 ? "idle" : "")}
        {process.arguments && <span className="dim"> {process.arguments}</span>}
      </td>
      {times ? <Accounts process={process} /> : <Present row={row} />}
    </tr>
  );
}

function Present({ row }: { row: ProcessRow }) {
  const { process, state } = row;
  return (
    <>
      <td className="kind dim">
        {process.kind}
        {process.system && " · system"}
      </td>
      <td className="state">
        <Changing>{state.word}</Changing>
        {state.tag !== undefined && <Tag>{state.tag}</Tag>}
        {process.program && (
          <span className="dim mono" title="Next instruction, of how many">
            {" "}
            {process.program.ip}/{process.program.length}
          </span>
        )}
      </td>
      <td className="n share">{percent(row.share)}</td>
      <td className="n total">{duration(process.cpuTicks)}</td>
      <td className="n switches">
        <Changing>{grouped(process.switches)}</Changing>
      </td>
      <td className="n queue">
        <Changing>{process.pid === 0 ? "-" : process.queued}</Changing>
      </td>
    </>
  );
}

/** Run, ready and blocked are all of its life, so they are drawn as one bar. */
function Accounts({ process }: { process: ProcessView }) {
  const { cpuTicks, readyTicks, blockedTicks } = process;
  const life = Math.max(1, cpuTicks + readyTicks + blockedTicks);
  const cell = (name: string, ticks: number) => (
    <td className={`n ${name}`} title={percent(ticks / life)}>
      {duration(ticks)}
      <i className="part" style={{ width: `${(ticks / life) * 100}%` }} aria-hidden="true" />
    </td>
  );
  return (
    <>
      {cell("run", cpuTicks)}
      {cell("ready", readyTicks)}
      {cell("blocked", blockedTicks)}
      <td className="n switches">{grouped(process.switches)}</td>
      <td className="n calls">{grouped(process.systemCalls)}</td>
    </>
  );
}

const Tag = ({ children }: { children: ReactNode }) => <span className="tag">{children}</span>;
