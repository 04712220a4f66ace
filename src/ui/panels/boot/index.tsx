/** The journey from the first sector to the shell, by the time stamps that the boot stages and the kernel left. */
import { useCalmTrace } from "../common/calm";
import { duration, grouped, instant } from "../common/format";
import { Dot } from "../common/ProcessName";
import { traceIndex } from "../../derived/index";
import { laneName } from "../../derived/names";
import { selectProcess, setCursor } from "../../store/selection";
import { useMachine, useSelection } from "../../store/react";
import { Empty, Panel } from "../../widgets/Panel";
import { stageRows, type StageRow } from "./stages";
import "./boot.css";

export function BootPanel() {
  useCalmTrace();
  const power = useMachine((state) => state.status.power);
  const rows = stageRows(traceIndex.update().journey.marks, laneName);
  if (rows.length === 0)
    return (
      <Panel name="Boot">
        <Empty>
          {power === "off"
            ? "Power the machine on: each stage of the boot appears here with its time."
            : "The kernel has not begun yet: it tells the times of all stages when it does. A foreign disk image writes no trace."}
        </Empty>
      </Panel>
    );
  const whole = rows[rows.length - 1].at;
  return (
    <Panel name="Boot" note={`${duration(whole)} from power-on`}>
      <table className="grid boot">
        <thead>
          <tr>
            <th>reached</th>
            <th className="n">at</th>
            <th className="n">took</th>
            <th className="n">instructions</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Stage key={row.id} row={row} whole={whole} />
          ))}
        </tbody>
      </table>
      <p className="boot-note">
        Time is the count of instructions. The first stage is the firmware&apos;s own work; from the scheduler on, what
        a row took includes whoever ran meanwhile. A click marks the instant everywhere.
      </p>
    </Panel>
  );
}

function Stage({ row, whole }: { row: StageRow; whole: number }) {
  const here = useSelection((state) => state.cursor === row.at);
  const choose = (): void => {
    setCursor(row.at);
    if (row.process) selectProcess(row.process);
  };
  const from = ((row.at - row.took) / whole) * 100;
  return (
    <tr aria-current={here ? "true" : undefined} onClick={choose}>
      <td>
        <button type="button" onClick={choose}>
          {row.process && <Dot of={row.process} />}
          {row.name}
        </button>
        {row.mode && <span className="tag">{row.mode}</span>}
        <small>{row.text}</small>
        <i className="boot-bar" aria-hidden="true">
          <i style={{ left: `${from}%`, width: `${Math.max(0.4, (row.took / whole) * 100)}%` }} />
        </i>
      </td>
      <td className="n">{instant(row.at, 3)}</td>
      <td className="n">{duration(row.took)}</td>
      <td className="n">{grouped(row.took)}</td>
    </tr>
  );
}
