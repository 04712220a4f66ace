/** Commands to tap where there is no keyboard: each is typed on the machine's keyboard, Enter included. */
import { typeText } from "../../store/connection";
import { useMachine, useScenario } from "../../store/react";

const usual = ["help", "ps", "topics -l", "mem", "run sensor &", "run display &", "pub 300 hello"];
const none: readonly string[] = [];

export function Commands() {
  const own = useScenario((state) => state.open?.look?.commands ?? none);
  const commands = new Set([...own, ...usual]);
  const running = useMachine((state) => state.status.power === "running");
  return (
    <div className="commands" role="group" aria-label="Commands">
      {[...commands].map((command) => (
        <button
          key={command}
          type="button"
          className="button small"
          disabled={!running}
          onClick={() => typeText(`${command}\n`)}
        >
          {command}
        </button>
      ))}
    </div>
  );
}
