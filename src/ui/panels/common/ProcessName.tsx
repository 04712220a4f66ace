/** A process as a dot in its colour and its name: the same everywhere. */
import type { ProcessKey } from "../../../worker/protocol";
import { colorOf } from "../../store/colors";
import "./common.css";

export function Dot({ of }: { readonly of: ProcessKey }) {
  return <i className="dot" style={{ background: colorOf(of) }} aria-hidden="true" />;
}

export function ProcessName({ of, name }: { readonly of: ProcessKey; readonly name: string }) {
  return (
    <span className="process-name">
      <Dot of={of} />
      {name}
    </span>
  );
}
