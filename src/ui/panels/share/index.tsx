/** The link to this very run. Everything is in the link itself; nothing is uploaded. */
import { currentLink } from "../../store/address";
import { useScenario, useView } from "../../store/react";
import { showDialog } from "../../store/view";
import { CopyButton } from "../../widgets/CopyButton";
import { Dialog } from "../../widgets/Dialog";
import "./share.css";

export function ShareDialog() {
  const shown = useView((state) => state.dialog === "share");
  if (!shown) return null;
  return (
    <Dialog title="Share this run" onClose={() => showDialog(undefined)}>
      <SharePanel />
    </Dialog>
  );
}

function SharePanel() {
  const inputs = useScenario((state) => state.inputs);
  const edited = useScenario((state) => state.edited);
  const link = currentLink();
  if (!link.ok) {
    return (
      <section aria-label="Share">
        <p>{link.message}</p>
        <p>Open one of the scenarios to have a link again.</p>
      </section>
    );
  }
  const keys = inputs.length === 0 ? "no keys pressed so far" : `${inputs.length} key events so far`;
  return (
    <section aria-label="Share" className="share">
      <p>
        Whoever opens this link sees the same run, to the instruction: programs, machine settings and {keys}. The
        address bar always shows it too. Nothing is uploaded.
      </p>
      <label htmlFor="share-link">Link</label>
      <textarea
        id="share-link"
        className="num"
        readOnly
        rows={5}
        value={link.url}
        onFocus={(event) => event.target.select()}
      />
      <div className="dialog-row">
        <CopyButton label="Copy link" text={() => link.url} className="button strong" />
        <span className="share-size">{link.url.length.toLocaleString("en")} characters</span>
      </div>
      {edited && <p>Texts you edited since the programs last ran are not in it: run them first.</p>}
    </section>
  );
}
