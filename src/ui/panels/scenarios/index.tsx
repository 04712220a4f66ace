/** What can be opened: the built-in scenarios and disk images from the person's computer. */
import { useRef } from "react";
import { builtinScenarios } from "../../../scenario/builtin";
import type { Scenario } from "../../../scenario/schema";
import { openScenario } from "../../store/connection";
import { openImageFile } from "../../store/files";
import { useScenario } from "../../store/react";
import { setNotice } from "../../store/scenario";
import { showRun } from "../../store/view";
import { Icon } from "../../widgets/Icon";
import { Panel } from "../../widgets/Panel";
import "./scenarios.css";

export function ScenariosPanel() {
  const open = useScenario((state) => state.open);
  const foreign = useScenario((state) => state.foreign);
  const isBuiltin = builtinScenarios.some((one) => one.title === open?.title);
  return (
    <Panel name="Scenarios" note={`${builtinScenarios.length} built in`}>
      <ul className="scenarios">
        {open && !isBuiltin && <Pick scenario={open} current note="from a link" />}
        {builtinScenarios.map((scenario) => (
          <Pick key={scenario.title} scenario={scenario} current={scenario.title === open?.title} />
        ))}
      </ul>
      <OpenFile name={foreign?.name} />
    </Panel>
  );
}

interface PickProps {
  readonly scenario: Scenario;
  readonly current: boolean;
  readonly note?: string;
}

function Pick({ scenario, current, note }: PickProps) {
  const { machine, programs, run } = scenario;
  const pick = () => {
    setNotice(undefined);
    void openScenario(scenario);
    showRun(scenario.look?.tab);
  };
  return (
    <li>
      <button type="button" className="scenario" aria-current={current || undefined} onClick={pick}>
        <b>
          {scenario.title}
          {current && <em>open</em>}
          {note && <em>{note}</em>}
        </b>
        <span>{scenario.about}</span>
        <small>
          {machine.memoryMiB} MiB · {machine.mhz} MHz · quantum {machine.quantumMs} ms ·{" "}
          {[...programs.map((one) => one.name), ...run].join(", ")}
        </small>
      </button>
    </li>
  );
}

function OpenFile({ name }: { readonly name?: string }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <div className="open-file">
      <input
        ref={input}
        type="file"
        className="visually-hidden"
        tabIndex={-1}
        aria-label="Disk image file"
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = "";
          if (file) void openImageFile(file);
        }}
      />
      <button type="button" className="button raised" onClick={() => input.current?.click()}>
        <Icon name="file" /> Open a disk image
      </button>
      <p>
        {name
          ? `"${name}" is open. Its screen and serial line are in the console; panels that read Herald's memory stay empty.`
          : "Any raw image that boots from a hard disk's first sector, up to 64 MiB. Or drop it anywhere on the page. It stays on your computer."}
      </p>
    </div>
  );
}
