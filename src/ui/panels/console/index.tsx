/** What the machine says on COM1, and its VGA screen; what a person types goes to its keyboard. */
import { useCallback, useState } from "react";
import { useFrame, useMachine, useScenario } from "../../store/react";
import { setNotice } from "../../store/scenario";
import { serialBytes, transcript } from "../../store/serial";
import { Icon } from "../../widgets/Icon";
import { CopyButton } from "../../widgets/CopyButton";
import { Panel } from "../../widgets/Panel";
import { rowText, screenBlank } from "../../widgets/TextScreen";
import type { TextScreen } from "../../../worker/protocol";
import { Commands } from "./Commands";
import { ScreenView } from "./ScreenView";
import { SerialView } from "./SerialView";
import "./console.css";

type Source = "serial" | "screen";

/** Ticks a machine has to say something on COM1 before its screen is shown instead: half a second of virtual time. */
const PATIENCE_TICKS = 50_000_000;

/** A machine that is silent on COM1 but has something on its screen is shown by its screen. */
function useSource(): readonly [Source, (source: Source) => void] {
  const run = useMachine((state) => state.run);
  const [choice, choose] = useState<{ readonly run: number; readonly source: Source }>();
  const written = useFrame((state) => state.screen !== undefined && !screenBlank(state.screen));
  const waited = useMachine(
    ({ status }) => status.tick > PATIENCE_TICKS || status.power === "halted" || status.power === "stopped",
  );
  // The frame that brings serial output changes the machine's store too, so this is asked again in time.
  const silent = useMachine(() => serialBytes() === 0);
  const automatic: Source = silent && written && waited ? "screen" : "serial";
  const source = choice?.run === run ? choice.source : automatic;
  return [source, (next) => choose({ run, source: next })];
}

const screenText = (screen: TextScreen): string =>
  Array.from({ length: screen.rows }, (_, row) => rowText(screen, row))
    .join("\n")
    .trimEnd();

export function ConsolePanel() {
  const [source, setSource] = useSource();
  const screen = useFrame((state) => state.screen);
  const foreign = useScenario((state) => state.foreign);
  const onUnknown = useCallback((characters: readonly string[]) => {
    const shown = [...new Set(characters)].slice(0, 8).join(" ");
    setNotice({ tone: "info", text: `The PC has a US keyboard: no key of it gives ${shown}. These were left out.` });
  }, []);
  const [finding, setFinding] = useState(false);
  const herald = useScenario((state) => state.open !== undefined);
  const text = () => (source === "screen" && screen ? screenText(screen) : transcript());
  return (
    <Panel
      name="Console"
      scroll={false}
      className="console"
      note={foreign ? foreign.name : "Esc, Tab leaves"}
      actions={
        <>
          <div role="group" aria-label="Console source" className="choice">
            <SourceButton source="serial" label="Serial" chosen={source} onChoose={setSource} />
            <SourceButton source="screen" label="Screen" chosen={source} onChoose={setSource} />
          </div>
          {source === "serial" && (
            <button
              type="button"
              className="button quiet icon small"
              aria-label="Find"
              aria-pressed={finding}
              title="Find in the console (Ctrl+F)"
              onClick={() => setFinding(!finding)}
            >
              <Icon name="find" size={14} />
            </button>
          )}
          <CopyButton label="Copy" text={text} className="button quiet small" />
        </>
      }
    >
      {source === "serial" ? (
        <SerialView onUnknown={onUnknown} finding={finding} onFinding={setFinding} />
      ) : (
        <ScreenView />
      )}
      {herald && <Commands />}
    </Panel>
  );
}

interface SourceButtonProps {
  readonly source: Source;
  readonly label: string;
  readonly chosen: Source;
  readonly onChoose: (source: Source) => void;
}

function SourceButton({ source, label, chosen, onChoose }: SourceButtonProps) {
  return (
    <button
      type="button"
      aria-pressed={chosen === source}
      className="button quiet small"
      onClick={() => onChoose(source)}
    >
      {label}
    </button>
  );
}
