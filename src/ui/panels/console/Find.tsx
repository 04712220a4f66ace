/** The console's search field: Enter goes to the match above, Shift and Enter to the one below, Escape closes. */
import { useEffect, useState, type KeyboardEvent, type RefObject } from "react";
import { Icon } from "../../widgets/Icon";
import type { Matches, TerminalView } from "../../widgets/terminal";

interface FindProps {
  readonly terminal: RefObject<TerminalView | undefined>;
  readonly onClose: () => void;
}

export function Find({ terminal, onClose }: FindProps) {
  const [text, setText] = useState("");
  const [matches, setMatches] = useState<Matches>({ chosen: -1, count: 0 });
  useEffect(() => {
    const view = terminal.current;
    const stop = view?.onMatches(setMatches);
    return () => {
      stop?.();
      view?.find("", "here");
    };
  }, [terminal]);
  const look = (next: string): void => {
    setText(next);
    terminal.current?.find(next, "here");
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Enter") terminal.current?.find(text, event.shiftKey ? "down" : "up");
    else if (event.key === "Escape") onClose();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="find" role="search">
      <input
        type="text"
        aria-label="Find in the console"
        placeholder="find"
        title="Enter: the match above; Shift+Enter: the one below; Esc closes"
        autoFocus
        spellCheck={false}
        value={text}
        onChange={(event) => look(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <output className="num">{countText(text, matches)}</output>
      <button type="button" className="button quiet icon" aria-label="Close the search" onClick={onClose}>
        <Icon name="close" size={13} />
      </button>
    </div>
  );
}

function countText(text: string, { chosen, count }: Matches): string {
  if (text === "") return "";
  if (count === 0) return "nothing";
  return chosen < 0 ? `${count}` : `${chosen + 1} of ${count}`;
}
