/** What runs, how fast, and the way to everything that is not a panel. */
import { Clock } from "../panels/machine/Clock";
import { MachinePanel } from "../panels/machine";
import { useFrame, useScenario, useSettings } from "../store/react";
import { setTheme, type ThemeChoice } from "../store/settings";
import { showDialog } from "../store/view";
import { Icon } from "../widgets/Icon";

export function Header() {
  return (
    <header className="top">
      <h1 className="brand">
        vitr<i>i</i>ne
      </h1>
      <ScenarioTitle />
      <MachinePanel />
      <Clock />
      <div className="top-end">
        <button
          type="button"
          className="button quiet icon"
          aria-label="Measured"
          aria-haspopup="dialog"
          title="Measured: five ways for processes to talk"
          onClick={() => showDialog("measured")}
        >
          <Icon name="plot" size={16} />
        </button>
        <ThemeButton />
        <button
          type="button"
          className="button quiet icon"
          aria-label="Help"
          title="Help and keys (?)"
          onClick={() => showDialog("help")}
        >
          <Icon name="help" size={17} />
        </button>
        <button type="button" className="button raised" aria-haspopup="dialog" onClick={() => showDialog("share")}>
          Share
        </button>
      </div>
    </header>
  );
}

function ScenarioTitle() {
  const open = useScenario((state) => state.open);
  const foreign = useScenario((state) => state.foreign);
  const levels = useFrame((state) => state.pageTables?.levels[0]?.name);
  const machine = open?.machine;
  const settings = machine
    ? [`${machine.memoryMiB} MiB`, levels && `${levels.slice(-1)}-level`, `quantum ${machine.quantumMs} ms`]
    : foreign
      ? ["disk image", `${(foreign.bytes / 1024).toLocaleString("en", { maximumFractionDigits: 0 })} KiB`]
      : [];
  return (
    <div className="scenario-title" title={open?.about}>
      <b>{open?.title ?? foreign?.name ?? "Nothing is open"}</b>
      <span>{settings.filter(Boolean).join(" · ")}</span>
    </div>
  );
}

const nextTheme: Readonly<Record<ThemeChoice, ThemeChoice>> = { system: "dark", dark: "light", light: "system" };
const themeIcon = { system: "system", dark: "moon", light: "sun" } as const;

function ThemeButton() {
  const theme = useSettings((state) => state.theme);
  const name = `Theme: ${theme}`;
  return (
    <button
      type="button"
      className="button quiet icon"
      aria-label={name}
      title={`${name}. Press for ${nextTheme[theme]}.`}
      onClick={() => setTheme(nextTheme[theme])}
    >
      <Icon name={themeIcon[theme]} size={16} />
    </button>
  );
}
