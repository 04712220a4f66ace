/** What a person sets for their own page; kept in localStorage where there is one, never in a link. */
import { createStore } from "zustand/vanilla";

export type ThemeChoice = "system" | "dark" | "light";

export interface SettingsState {
  readonly theme: ThemeChoice;
  /** What `theme` comes to. A canvas draws again when this changes. */
  readonly scheme: "dark" | "light";
  readonly reducedMotion: boolean;
}

const KEY = "vitrine.theme";
const prefersLight = matchMedia("(prefers-color-scheme: light)");
const prefersStill = matchMedia("(prefers-reduced-motion: reduce)");

/** Storage may be forbidden (third-party frames): then a setting lasts as long as the page. */
function stored(): ThemeChoice {
  try {
    const value = localStorage.getItem(KEY);
    return value === "dark" || value === "light" ? value : "system";
  } catch {
    return "system";
  }
}

const schemeOf = (theme: ThemeChoice): "dark" | "light" =>
  theme === "system" ? (prefersLight.matches ? "light" : "dark") : theme;

export const settingsStore = createStore<SettingsState>(() => {
  const theme = stored();
  return { theme, scheme: schemeOf(theme), reducedMotion: prefersStill.matches };
});

function showScheme(): void {
  document.documentElement.dataset.theme = settingsStore.getState().scheme;
}

export function setTheme(theme: ThemeChoice): void {
  try {
    if (theme === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // The choice still holds for this page.
  }
  settingsStore.setState({ theme, scheme: schemeOf(theme) });
}

/** Called once, before the first render. */
export function startSettings(): void {
  showScheme();
  settingsStore.subscribe(showScheme);
  prefersLight.addEventListener("change", () => setTheme(settingsStore.getState().theme));
  prefersStill.addEventListener("change", () => settingsStore.setState({ reducedMotion: prefersStill.matches }));
}
