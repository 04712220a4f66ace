/** What the page is, how to read it, and its keys. */
import { useView } from "../../store/react";
import { showDialog } from "../../store/view";
import { Dialog } from "../../widgets/Dialog";
import "./help.css";

const keys: readonly (readonly [readonly string[], string])[] = [
  [["F8"], "run or pause"],
  [["F10", "F11"], "step one instruction, while paused"],
  [["Shift + F10"], "back to before the last instruction"],
  [["?"], "this help"],
  [["Esc"], "deselect; close what is open"],
  [["Esc", "Tab"], "one after the other: leave the console or an editor by keyboard"],
  [["Ctrl/⌘ + F"], "in the console: find"],
  [["Ctrl/⌘ + Enter"], "in an editor: run the programs"],
  [["W", "S"], "timeline: zoom in, zoom out"],
  [["A", "D"], "timeline: to earlier, to later"],
  [["G"], "timeline: take the machine to the marked instant"],
  [["←", "→"], "between tabs; on a divider: resize"],
];

export function HelpDialog() {
  const shown = useView((state) => state.dialog === "help");
  if (!shown) return null;
  return (
    <Dialog title="A computer under glass" onClose={() => showDialog(undefined)}>
      <p>
        A whole 64-bit PC runs in this page. It boots Herald, a real kernel whose processes talk by publishing to
        topics. Nothing shown is acted out: every panel is read from the machine&apos;s own memory and registers.
      </p>
      <ul className="help-list">
        <li>
          Click into the <b>console</b> and type <code>help</code>, <code>ps</code> or <code>topics</code>.
        </li>
        <li>
          Pick a <b>process</b>: it is selected in every panel and has one colour everywhere.
        </li>
        <li>
          Drag the line under the header to any <b>past instant</b>: every panel shows the machine as it was then. Run
          goes on from there; a key pressed there begins another future.
        </li>
        <li>
          Change a <b>program</b> and run again, or open another <b>scenario</b>.
        </li>
        <li>
          Drop a raw <b>disk image</b> on the page to boot it instead.
        </li>
      </ul>
      <dl className="help-keys">
        {keys.map(([names, meaning]) => (
          <div key={meaning}>
            <dt>
              {names.map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
