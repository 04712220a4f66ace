/**
 * The address bar is always the link: the scenario that runs and its inputs so far, in the fragment, which no server ever sees.
 * A fragment that cannot be read opens the default scenario, and a notice says what was wrong.
 */
import { builtinScenarios } from "../../scenario/builtin";
import { decodeLink, encodeLink } from "../../scenario/link";
import { scenarioTabs, type Link, type Look, type Scenario } from "../../scenario/schema";
import { openScenario } from "./connection";
import { machineStore, REAL_TIME } from "./machine";
import { scenarioStore, setNotice } from "./scenario";
import { DEFAULT_TAB, showRun, viewStore } from "./view";

/** Browsers refuse more than about 100 history changes in 30 seconds. */
const WRITE_INTERVAL_MS = 500;

export type LinkText = { readonly ok: true; readonly url: string } | { readonly ok: false; readonly message: string };

let written = "";
let timer: number | undefined;

const pageAddress = (): string => location.href.replace(/#.*$/, "");

/** How the page looks at the run now, as far as a link tells it. */
function currentLook({ look }: Scenario): Look | undefined {
  const { middle } = viewStore.getState();
  const { speed } = machineStore.getState().status;
  const tab = scenarioTabs.find((one) => one === middle && one !== DEFAULT_TAB);
  const { commands } = look ?? {};
  const now = { ...(tab && { tab }), ...(speed !== REAL_TIME && { speed }), ...(commands && { commands }) };
  return Object.keys(now).length > 0 ? now : undefined;
}

/** The link to what runs now, or why there is none. */
export function currentLink(): LinkText {
  const { open, inputs, foreign, herald } = scenarioStore.getState();
  if (foreign)
    return { ok: false, message: `"${foreign.name}" is a disk image from your computer; a link cannot carry it.` };
  if (!open) return { ok: false, message: "Nothing is open yet." };
  try {
    const scenario: Scenario = { ...open, look: currentLook(open) };
    return { ok: true, url: `${pageAddress()}#${encodeLink({ scenario, inputs: [...inputs], herald })}` };
  } catch (error) {
    return { ok: false, message: (error as Error).message };
  }
}

/** The address bar shows a link that can be had, or none: never one that is cut or stale. */
function write(): void {
  timer = undefined;
  const link = currentLink();
  const address = link.ok ? link.url : pageAddress();
  written = link.ok ? new URL(link.url).hash : "";
  if (location.href !== address) history.replaceState(null, "", address);
}

function openFragment(fragment: string): void {
  const link = fragment.replace(/^#/, "") === "" ? undefined : decodeLink(fragment);
  const fallback: Link = { scenario: builtinScenarios[0], inputs: [] };
  const problem = link && !link.ok ? `${link.message} "${fallback.scenario.title}" was opened instead.` : undefined;
  setNotice(problem === undefined ? undefined : { tone: "error", text: problem });
  const { scenario, inputs, herald } = link?.ok ? link.link : fallback;
  showRun(scenario.look?.tab);
  void openScenario(scenario, inputs, herald);
}

/** Opens what the address says, and keeps the address up to date from then on. */
export function startAddress(): void {
  openFragment(location.hash);
  const writeSoon = () => (timer ??= window.setTimeout(write, WRITE_INTERVAL_MS));
  scenarioStore.subscribe((now, before) => {
    const same = now.open === before.open && now.inputs === before.inputs && now.herald === before.herald;
    if (!same || now.foreign !== before.foreign) writeSoon();
  });
  viewStore.subscribe((now, before) => {
    if (now.middle !== before.middle) writeSoon();
  });
  machineStore.subscribe((now, before) => {
    if (now.status.speed !== before.status.speed) writeSoon();
  });
  writeSoon();
  addEventListener("hashchange", () => {
    if (location.hash !== written) openFragment(location.hash);
  });
}
