/** Where the address to walk is typed. It follows the instruction pointer until something is typed. */
import { useId, useState, type KeyboardEvent } from "react";
import { selectAddress } from "../../store/selection";
import { hexGroups } from "../common/format";
import { parseAddress } from "./address";

interface Props {
  readonly address: bigint;
  readonly levels: number;
  readonly followed: boolean;
}

export function AddressField({ address, levels, followed }: Props) {
  const id = useId();
  const [draft, setDraft] = useState<string>();
  const parsed = draft === undefined ? undefined : parseAddress(draft, levels);
  const problem = parsed && "problem" in parsed ? parsed.problem : undefined;

  const change = (text: string): void => {
    setDraft(text);
    const next = parseAddress(text, levels);
    if ("address" in next) selectAddress(next.address);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && !problem) setDraft(undefined);
    if (event.key !== "Escape") return;
    event.stopPropagation();
    setDraft(undefined);
    selectAddress(undefined);
  };
  return (
    <div className="address">
      <label htmlFor={id}>address</label>
      <input
        id={id}
        className="mono"
        spellCheck={false}
        autoComplete="off"
        value={draft ?? hexGroups(address)}
        aria-invalid={problem !== undefined}
        aria-describedby={problem ? `${id}-problem` : undefined}
        onFocus={(event) => event.target.select()}
        onBlur={() => problem === undefined && setDraft(undefined)}
        onChange={(event) => change(event.target.value)}
        onKeyDown={onKeyDown}
      />
      {followed ? (
        <span className="address-follows">follows RIP</span>
      ) : (
        <button
          type="button"
          title="Follow the instruction pointer (Esc)"
          onClick={() => (setDraft(undefined), selectAddress(undefined))}
        >
          RIP
        </button>
      )}
      {problem && (
        <p id={`${id}-problem`} role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}
