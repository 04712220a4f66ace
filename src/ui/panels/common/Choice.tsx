/** Small words to choose one view of several, in a panel's header. */
import "./common.css";

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly options: readonly (readonly [value: T, text: string])[];
  readonly value: T;
  readonly onChange: (value: T) => void;
}

export function Choice<T extends string>({ label, options, value, onChange }: ChoiceProps<T>) {
  return (
    <div className="segments" role="group" aria-label={label}>
      {options.map(([option, text]) => (
        <button key={option} type="button" aria-pressed={option === value} onClick={() => onChange(option)}>
          {text}
        </button>
      ))}
    </div>
  );
}

interface ToggleProps {
  readonly on: boolean;
  readonly onChange: (on: boolean) => void;
  readonly title?: string;
  readonly children: string;
}

export function Toggle({ on, onChange, title, children }: ToggleProps) {
  return (
    <div className="segments">
      <button type="button" aria-pressed={on} title={title} onClick={() => onChange(!on)}>
        {children}
      </button>
    </div>
  );
}
