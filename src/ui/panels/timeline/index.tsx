/** Who had the CPU when: a lane per process over virtual time, with interrupts, calls, console lines and messages on it. */
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { laneName } from "../../derived/names";
import { selectProcess, sameProcess } from "../../store/selection";
import { useFrame, useMachine, useSelection } from "../../store/react";
import { Empty, Panel } from "../../widgets/Panel";
import { Toggle } from "../common/Choice";
import { duration, grouped } from "../common/format";
import { Dot } from "../common/ProcessName";
import { AreaSummary } from "./AreaSummary";
import { onTimelineKey } from "./keys";
import { AXIS_HEIGHT, bandOf, type LaneLayout } from "./lanes";
import { TimelineModel, type Surroundings } from "./model";
import { SliceTable } from "./SliceTable";
import { Tooltip } from "./Tooltip";
import { useGestures } from "./useGestures";
import "./timeline.css";

export function TimelinePanel() {
  const [model] = useState(() => new TimelineModel());
  const [table, setTable] = useState(false);
  const around = useSyncExternalStore(model.subscribe, model.snapshot);
  const lost = useFrame((state) => state.traceLost);
  return (
    <Panel
      name="Scheduler timeline"
      scroll={table}
      actions={<Actions model={model} follow={around.view.follow} table={table} onTable={setTable} />}
      note={<Note around={around} lost={lost} />}
    >
      <Lanes model={model} around={around} hidden={table} />
      {table && <SliceTable view={around.view} now={model.extent().now} />}
    </Panel>
  );
}

function Note({ around, lost }: { around: Surroundings; lost: number }) {
  return (
    <>
      {duration(around.view.span)} shown · <span className="timeline-keys">W S zoom · A D pan · </span>
      {grouped(around.events)} events{lost > 0 && ` · ${grouped(lost)} lost`}
    </>
  );
}

interface ActionsProps {
  readonly model: TimelineModel;
  readonly follow: boolean;
  readonly table: boolean;
  readonly onTable: (table: boolean) => void;
}

function Actions({ model, follow, table, onTable }: ActionsProps) {
  return (
    <>
      <Toggle on={follow} onChange={() => model.toggleFollow()} title="The right edge is now (0 or Home)">
        live
      </Toggle>
      <div className="segments">
        <button type="button" title="Zoom out (S)" aria-label="Zoom out" onClick={() => model.zoom(2)}>
          −
        </button>
        <button type="button" title="Zoom in (W)" aria-label="Zoom in" onClick={() => model.zoom(0.5)}>
          +
        </button>
        <button type="button" title="Show the whole run (End)" onClick={() => model.showAll()}>
          all
        </button>
      </div>
      <Toggle on={table} onChange={onTable} title="The slices shown, as a table">
        table
      </Toggle>
    </>
  );
}

interface LanesProps {
  readonly model: TimelineModel;
  readonly around: Surroundings;
  readonly hidden: boolean;
}

function Lanes({ model, around, hidden }: LanesProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState({ left: 0, width: 0, height: 0 });
  useGestures(canvas, model);
  useEffect(() => (canvas.current ? model.attach(canvas.current) : undefined), [model]);
  useEffect(() => {
    const [area, paper] = [scroller.current, canvas.current];
    if (!area || !paper) return;
    const measure = (): void => {
      const next = { left: paper.offsetLeft, width: paper.clientWidth, height: area.clientHeight };
      model.resize(next.width, next.height, devicePixelRatio);
      setSize(next);
    };
    const observer = new ResizeObserver(measure);
    observer.observe(area);
    observer.observe(paper);
    return () => observer.disconnect();
  }, [model]);
  return (
    <div className="timeline" hidden={hidden}>
      <div
        className="timeline-scroll"
        ref={scroller}
        tabIndex={0}
        role="application"
        aria-label="Slices of each process over time. W and S zoom, A and D move, full stop and comma go to the next and previous event, 0 follows live. The table button shows the same as a table."
        onScroll={(event) => model.scroll(event.currentTarget.scrollTop)}
        onKeyDown={(event) => onTimelineKey(event, model)}
      >
        <div className="timeline-inner" style={{ height: Math.max(around.layout.height + AXIS_HEIGHT, size.height) }}>
          <Labels layout={around.layout} />
          <canvas ref={canvas} style={{ height: size.height }} />
        </div>
      </div>
      {around.layout.rows.length < 2 && <Waiting top={AXIS_HEIGHT + around.layout.height} />}
      {around.idle && <Idle top={AXIS_HEIGHT + around.layout.rowHeight} onAll={() => model.showAll()} />}
      {around.hover && <Hovering around={around} size={size} />}
      {around.area && <AreaSummary area={around.area} now={model.extent().now} onClose={() => model.clearArea()} />}
    </div>
  );
}

interface Size {
  /** Width of the column of names. */
  readonly left: number;
  readonly width: number;
  readonly height: number;
}

function Hovering({ around, size }: { around: Surroundings; size: Size }) {
  if (!around.hover) return null;
  const hover = { ...around.hover, x: around.hover.x + size.left };
  return <Tooltip hover={hover} width={size.width + size.left} height={size.height} />;
}

function Waiting({ top }: { top: number }) {
  const power = useMachine((state) => state.status.power);
  return (
    <div className="timeline-empty" style={{ top }}>
      <Empty>
        {power === "off"
          ? "Power the machine on: each process gets a lane here as soon as the scheduler runs it."
          : "No process has run yet. Herald's scheduler starts its first one at the end of the boot; a foreign disk image writes no trace."}
      </Empty>
    </div>
  );
}

/** Stands on the first process's lane, which is empty then. */
function Idle({ top, onAll }: { top: number; onAll: () => void }) {
  return (
    <div className="timeline-idle" style={{ top }}>
      Every process waits, the CPU is halted.{" "}
      <button type="button" onClick={onAll}>
        Show the whole run
      </button>
    </div>
  );
}

function Labels({ layout }: { layout: LaneLayout }) {
  const selected = useSelection((state) => state.process);
  return (
    <div className="timeline-labels">
      <div className="timeline-corner" style={{ height: AXIS_HEIGHT }} />
      {layout.rows.map(({ lane }) => {
        const { rowHeight: height } = layout;
        const band = bandOf(height);
        // A name stands beside the slices, not beside the text above them.
        const style = { height, paddingTop: lane ? Math.max(0, 2 * band.top + band.height - height) : 0 };
        if (!lane || lane.key.pid === 0)
          return (
            <div key={lane ? "idle" : "irq"} style={style}>
              {lane ? "idle" : "irq"}
            </div>
          );
        const on = sameProcess(selected, lane.key);
        return (
          <button
            key={lane.number}
            type="button"
            style={style}
            title={laneName(lane.key)}
            aria-pressed={on}
            onClick={() => selectProcess(on ? undefined : lane.key)}
          >
            <Dot of={lane.key} />
            <span>{laneName(lane.key)}</span>
          </button>
        );
      })}
    </div>
  );
}
