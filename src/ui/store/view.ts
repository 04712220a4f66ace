/** Which tabs and dialogs are open. */
import { createStore } from "zustand/vanilla";

/** Every panel that can be a tab, somewhere. */
export type TabName =
  | "console"
  | "processes"
  | "timeline"
  | "topics"
  | "messages"
  | "pageTables"
  | "cpu"
  | "programs"
  | "scenarios"
  | "memory"
  | "boot";

export type DialogName = "help" | "share" | "report" | "measured";

export interface ViewState {
  /** The tab of the middle column. */
  readonly middle: TabName;
  /** The tab of the one-column page. */
  readonly single: TabName;
  readonly dialog?: DialogName;
  /** The guide that was put away, by its text. */
  readonly guideAway?: string;
}

export const DEFAULT_TAB = "topics";

export const viewStore = createStore<ViewState>(() => ({ middle: DEFAULT_TAB, single: "console" }));

const middleTabs: readonly TabName[] = ["topics", "messages", "memory", "boot", "programs", "scenarios"];

/** Brings a panel to the front, in whichever layout. */
export const showTab = (tab: TabName): void =>
  viewStore.setState(middleTabs.includes(tab) ? { middle: tab, single: tab } : { single: tab });

/** Another run begins: to the front with what shows it best. */
export const showRun = (tab: TabName = DEFAULT_TAB): void => viewStore.setState({ middle: tab, single: "console" });

export const putGuideAway = (about: string): void => viewStore.setState({ guideAway: about });

export const showDialog = (dialog: DialogName | undefined): void => viewStore.setState({ dialog });
