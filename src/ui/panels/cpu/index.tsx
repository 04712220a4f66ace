/** The processor: registers, flags, mode, and the instructions around RIP with what the current one does. */
import { useState } from "react";
import type { CpuView, DisassemblyLine } from "../../../worker/protocol";
import { setSyntax } from "../../store/selection";
import { useMachine, useSelection } from "../../store/react";
import { Empty, Panel } from "../../widgets/Panel";
import { useCalmFrame } from "../common/calm";
import { Choice, Toggle } from "../common/Choice";
import { flagsOf, noPause, placeOf, registersOf, trackPauses, type Pauses } from "./registers";
import "./cpu.css";

const hex = (value: bigint, digits = 16): string => BigInt.asUintN(64, value).toString(16).padStart(digits, "0");

export function CpuPanel() {
  const cpu = useCalmFrame("cpu");
  const status = useMachine((state) => state.status);
  const syntax = useSelection((state) => state.syntax);
  const [system, setSystem] = useState(false);
  const before = useBefore(cpu, status.power !== "running", status.tick);
  if (!cpu)
    return (
      <Panel name="CPU">
        <Empty>The processor is off. Power the machine on, and pause it to read it calmly.</Empty>
      </Panel>
    );
  const actions = (
    <>
      <Choice
        label="Syntax"
        options={[
          ["intel", "Intel"],
          ["att", "AT&T"],
        ]}
        value={syntax}
        onChange={setSyntax}
      />
      <Toggle on={system} onChange={setSystem} title="Control registers and segments">
        system
      </Toggle>
    </>
  );
  return (
    <Panel name="CPU" actions={actions} note={`ring ${cpu.ring} · ${cpu.mode}${cpu.halted ? " · halted" : ""}`}>
      <General cpu={cpu} before={before} />
      <Place cpu={cpu} before={before} />
      <Disassembly cpu={cpu} />
      {system && <SystemRegisters cpu={cpu} />}
    </Panel>
  );
}

/**
 * The registers of the pause before this one, none while the machine runs: everything changes then. Adjusted while rendering, so that one
 * picture never mixes two instants.
 */
function useBefore(cpu: CpuView | undefined, standing: boolean, tick: number): CpuView | undefined {
  const [pauses, setPauses] = useState<Pauses>(noPause);
  if (!cpu) return undefined;
  const next = trackPauses(pauses, cpu, standing, tick);
  if (next !== pauses) setPauses(next);
  return standing ? next.before : undefined;
}

const General = ({ cpu, before }: { cpu: CpuView; before: CpuView | undefined }) => (
  <dl className={cpu.mode === "64-bit" ? "registers" : "registers eight"}>
    {registersOf(cpu, before).map(({ name, value, changed }) => (
      <div key={name} className={changed ? "changed" : undefined}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);

/** Where the CPU is: RIP with its symbol, and the flags, in the row that belongs to both registers and code. */
function Place({ cpu, before }: { cpu: CpuView; before: CpuView | undefined }) {
  const { name, value } = placeOf(cpu);
  return (
    <dl className="registers place">
      <div className={before !== undefined && before.rip !== cpu.rip ? "changed" : undefined}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
      <div className="symbol" title={cpu.symbol}>
        <dt className="visually-hidden">function</dt>
        <dd>{cpu.symbol ?? "no symbol"}</dd>
      </div>
      <div>
        <dt className="visually-hidden">rflags</dt>
        <dd className="flags">
          {flagsOf(cpu, before).map(({ letter, name, set, changed }) => (
            <abbr
              key={name}
              title={`${name}: ${set ? "set" : "clear"}`}
              className={`${set ? "set" : ""} ${changed ? "changed" : ""}`}
            >
              {letter}
            </abbr>
          ))}
        </dd>
      </div>
    </dl>
  );
}

function SystemRegisters({ cpu }: { cpu: CpuView }) {
  return (
    <div className="system-registers">
      <dl className="registers">
        {Object.entries(cpu.control).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{hex(value)}</dd>
          </div>
        ))}
        <div>
          <dt>rflags</dt>
          <dd>{hex(cpu.rflags, 8)}</dd>
        </div>
      </dl>
      <table className="grid">
        <thead>
          <tr>
            <th>segment</th>
            <th className="n">selector</th>
            <th className="n">base</th>
            <th className="n">limit</th>
          </tr>
        </thead>
        <tbody>
          {cpu.segments.map(({ name, selector, base, limit }) => (
            <tr key={name}>
              <td className="mono">{name}</td>
              <td className="n">{selector.toString(16).padStart(4, "0")}</td>
              <td className="n">{hex(base)}</td>
              <td className="n">{(limit >>> 0).toString(16).padStart(8, "0")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Lines shown above and below the current one; the panel is low. */
const ABOVE = 3;
const BELOW = 13;

function Disassembly({ cpu }: { cpu: CpuView }) {
  const current = cpu.disassembly.findIndex((line) => line.current);
  const first = Math.max(0, current - ABOVE);
  if (cpu.disassembly.length === 0)
    return <Empty>The memory at RIP cannot be read: no page is mapped there. The next instruction would fault.</Empty>;
  return (
    <div className="disassembly">
      <ol aria-label="Instructions around RIP">
        {cpu.disassembly.slice(first, first + ABOVE + BELOW).map((line) => (
          <Instruction key={line.address.toString()} line={line} />
        ))}
      </ol>
    </div>
  );
}

function Instruction({ line }: { line: DisassemblyLine }) {
  return (
    <li aria-current={line.current ? "step" : undefined} title={line.explanation}>
      <span className="address">{hex(line.address, 6)}</span>
      <span className="code">{line.text}</span>
      <span className="bytes">{line.bytes}</span>
      {line.current && <p>{line.explanation}</p>}
    </li>
  );
}
