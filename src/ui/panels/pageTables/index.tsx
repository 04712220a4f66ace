/** How the selected process's addresses are translated: the walk of one address, and the whole address space. */
import type { AddressRange, PageTablesView, ProcessKey } from "../../../worker/protocol";
import { nameOf } from "../../store/colors";
import { selectAddress } from "../../store/selection";
import { useMachine, useSelection } from "../../store/react";
import { Empty, Panel } from "../../widgets/Panel";
import { useCalmFrame } from "../common/calm";
import { hexShort } from "../common/format";
import { ProcessName } from "../common/ProcessName";
import { AddressField } from "./AddressField";
import { holds, rangeToken, rightsOf, sizeOf } from "./ranges";
import { Levels, Outcome, Split } from "./Walk";
import "./pageTables.css";

export function PageTablesPanel() {
  const view = useCalmFrame("pageTables");
  const address = useSelection((state) => state.address);
  if (!view) return <Waiting />;
  const levels = view.levels[0]?.name === "PML5" ? 5 : 4;
  return (
    <Panel
      name="Page tables"
      note={
        <>
          {view.process && <Whose process={view.process} owner={view.owner} />}
          CR3 <span className="mono">{hexShort(view.cr3)}</span>
        </>
      }
    >
      <div className="page-tables">
        <AddressField address={view.address} levels={levels} followed={address === undefined} />
        <Split view={view} levels={levels} />
        <Levels view={view} levels={levels} />
        <Outcome view={view} />
        <Ranges view={view} />
      </div>
    </Panel>
  );
}

function Whose({ process, owner }: { process: ProcessKey; owner: ProcessKey | undefined }) {
  return (
    <>
      <ProcessName of={process} name={process.pid === 0 ? "idle" : nameOf(process)} />
      {owner && (
        <span title="A process that does not leave the kernel runs in whatever tables were in force">
          {" "}
          in {nameOf(owner)}&apos;s
        </span>
      )}{" "}
      ·{" "}
    </>
  );
}

function Waiting() {
  const power = useMachine((state) => state.status.power);
  return (
    <Panel name="Page tables">
      <Empty>
        {power === "off"
          ? "Power the machine on: the page tables of the running process appear here once the kernel has made some."
          : "Nothing to walk: the processor is not in long mode, whose tables these are. Herald makes its first ones in the second stage of its boot."}
      </Empty>
    </Panel>
  );
}

function Ranges({ view }: { view: PageTablesView }) {
  return (
    <section className="ranges" aria-label="Address space">
      <h3>address space</h3>
      {view.ranges.length === 0 && <Empty>Nothing is mapped.</Empty>}
      <ul>
        {view.ranges.map((range) => (
          <Range key={range.start.toString()} range={range} here={holds(range, view.address)} />
        ))}
      </ul>
      {view.rangesOmitted > 0 && <Empty>{`${view.rangesOmitted} more ranges are not listed.`}</Empty>}
    </section>
  );
}

function Range({ range, here }: { range: AddressRange; here: boolean }) {
  return (
    <li>
      <button
        type="button"
        className={here ? "here" : undefined}
        aria-pressed={here}
        onClick={() => selectAddress(range.start)}
        title="Walk its first address"
      >
        <span className="what" style={{ background: `var(${rangeToken(range)})` }}>
          {range.what}
        </span>
        <span className="start">{hexShort(range.start)}</span>
        <span className="size">{sizeOf(range)}</span>
        <span className="rights">
          {range.mapped === false ? "not present" : `${rightsOf(range)} ${range.user ? "user" : "kernel"}`}
        </span>
      </button>
    </li>
  );
}
