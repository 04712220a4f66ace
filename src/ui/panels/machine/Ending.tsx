/** Says why the machine does not go on, with its report and what can be done. */
import { openScenario, resetMachine } from "../../store/connection";
import { useMachine, useScenario, useView } from "../../store/react";
import { showDialog } from "../../store/view";
import { CopyButton } from "../../widgets/CopyButton";
import { Dialog } from "../../widgets/Dialog";

const titles = { off: "Off", halted: "Halted", stopped: "Stopped", running: "", paused: "" } as const;

export function Ending() {
  const power = useMachine((state) => state.status.power);
  const reason = useMachine((state) => state.status.reason);
  const report = useMachine((state) => state.status.report);
  const failure = useMachine((state) => state.failure);
  if (failure) return <Failure message={failure} />;
  const ended = power === "halted" || power === "stopped" || (power === "off" && reason !== undefined);
  if (!ended) return null;
  return (
    <div className={`notice ${report ? "bad" : ""}`} role="status">
      <span>
        <b>{titles[power]}</b>
        {reason ? `: ${reason}` : ""}
      </span>
      {report && (
        <button type="button" className="button small" onClick={() => showDialog("report")}>
          Report
        </button>
      )}
      <button type="button" className="button small" onClick={resetMachine}>
        Boot again
      </button>
    </div>
  );
}

function Failure({ message }: { readonly message: string }) {
  const open = useScenario((state) => state.open);
  return (
    <div className="notice bad" role="alert">
      <span>
        <b>No machine</b>: {message}
      </span>
      {open && (
        <button type="button" className="button small" onClick={() => void openScenario(open)}>
          Try again
        </button>
      )}
    </div>
  );
}

export function ReportDialog() {
  const shown = useView((state) => state.dialog === "report");
  const report = useMachine((state) => state.status.report);
  const reason = useMachine((state) => state.status.reason);
  if (!shown || !report) return null;
  const text = reason ? `${reason}\n\n${report}` : report;
  return (
    <Dialog title="Where the machine stopped" wide onClose={() => showDialog(undefined)}>
      <p>{reason}</p>
      <pre tabIndex={0}>{report}</pre>
      <div className="dialog-row">
        <CopyButton label="Copy report" text={() => text} />
      </div>
    </Dialog>
  );
}
