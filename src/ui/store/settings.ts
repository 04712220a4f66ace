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

/** localStorage, or nothing where it is forbidden (third-party frames): then a setting lasts as long as the page. */
export const storage = {
  getItem(key: string): string | null {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  },
  setItem(key: string, value: string): void {
    try {
      localStorage.setItem(key, value);
    } catch {
      // The choice still holds for this page.
    }
  },
};

function stored(): ThemeChoice {
  const value = storage.getItem(KEY);
  return value === "dark" || value === "light" ? value : "system";
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
  storage.setItem(KEY, theme);
  settingsStore.setState({ theme, scheme: schemeOf(theme) });
}

/** Called once, before the first render. */
export function startSettings(): void {
  showScheme();
  settingsStore.subscribe(showScheme);
  prefersLight.addEventListener("change", () => setTheme(settingsStore.getState().theme));
  prefersStill.addEventListener("change", () => settingsStore.setState({ reducedMotion: prefersStill.matches }));
}
