/** Copies a text and says so; where the clipboard is forbidden it says that instead. */
import { useEffect, useState } from "react";
import { Icon } from "./Icon";

interface CopyButtonProps {
  readonly label: string;
  /** Built when the button is pressed: it may be long. */
  readonly text: () => string;
  readonly className?: string;
}

export function CopyButton({ label, text, className = "button" }: CopyButtonProps) {
  const [said, setSaid] = useState<string>();
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => setSaid(undefined), 2000);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text());
      setSaid("Copied");
    } catch {
      setSaid("The browser did not allow it");
    }
  };
  return (
    <button type="button" className={className} onClick={() => void copy()}>
      <Icon name="copy" size={13} />
      <span aria-live="polite">{said ?? label}</span>
    </button>
  );
}
