/** The stores as React hooks. A selector must not build a new object on every call (use useShallow for that). */
import { useSyncExternalStore } from "react";
import { useStore } from "zustand";
import { frameStore, type FrameState } from "./frame";
import { machineStore, type MachineState } from "./machine";
import { scenarioStore, type ScenarioState } from "./scenario";
import { selectionStore, type SelectionState } from "./selection";
import { settingsStore, type SettingsState } from "./settings";
import { trace } from "./trace";
import { viewStore, type ViewState } from "./view";

export const useMachine = <T>(selector: (state: MachineState) => T): T => useStore(machineStore, selector);
export const useFrame = <T>(selector: (state: FrameState) => T): T => useStore(frameStore, selector);
export const useSelection = <T>(selector: (state: SelectionState) => T): T => useStore(selectionStore, selector);
export const useScenario = <T>(selector: (state: ScenarioState) => T): T => useStore(scenarioStore, selector);
export const useSettings = <T>(selector: (state: SettingsState) => T): T => useStore(settingsStore, selector);
export const useView = <T>(selector: (state: ViewState) => T): T => useStore(viewStore, selector);

/** Renders again whenever trace records arrive (once per frame at most); returns the trace's version. */
export const useTraceVersion = (): number => useSyncExternalStore(trace.subscribe, trace.snapshot);
