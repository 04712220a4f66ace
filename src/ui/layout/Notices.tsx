/** What went wrong on the way here, until it is dismissed; and why the machine does not go on. */
import { Ending } from "../panels/machine/Ending";
import { Replay } from "../panels/machine/Replay";
import { typeText } from "../store/connection";
import { useMachine, useScenario, useView } from "../store/react";
import { setNotice } from "../store/scenario";
import { putGuideAway } from "../store/view";
import { Icon } from "../widgets/Icon";

export function Notices() {
  const notice = useScenario((state) => state.notice);
  return (
    <div className="notices">
      {notice && (
        <div className={notice.tone === "error" ? "notice bad" : "notice"} role="alert">
          <span>{notice.text}</span>
          <button
            type="button"
            className="button quiet icon"
            aria-label="Dismiss notice"
            onClick={() => setNotice(undefined)}
          >
            <Icon name="close" size={14} />
          </button>
        </div>
      )}
      <Replay />
      <Ending />
      <Guide />
    </div>
  );
}

/** What to look at in this scenario, and what to try; it can be put away until another one is opened. */
function Guide() {
  const open = useScenario((state) => state.open);
  const away = useView((state) => state.guideAway);
  if (!open || open.about === "" || open.about === away) return null;
  return (
    <aside className="notice guide" aria-label="What to look at">
      <span>{open.about}</span>
      <Try commands={open.look?.commands ?? []} />
      <button
        type="button"
        className="button quiet icon"
        aria-label="Put the guide away"
        onClick={() => putGuideAway(open.about)}
      >
        <Icon name="close" size={13} />
      </button>
    </aside>
  );
}

function Try({ commands }: { readonly commands: readonly string[] }) {
  const running = useMachine((state) => state.status.power === "running");
  if (commands.length === 0) return null;
  return (
    <div className="guide-try" role="group" aria-label="Commands to try">
      {commands.map((command) => (
        <button
          key={command}
          type="button"
          className="button small"
          title="Type this in the console"
          disabled={!running}
          onClick={() => typeText(`${command}\n`)}
        >
          {command}
        </button>
      ))}
    </div>
  );
}
