/** All that one drawing of the timeline depends on. */
import type { ProcessKey } from "../../../worker/protocol";
import { canvasPalette, colorIndex, tokenValue } from "../../store/colors";
import type { TraceIndex } from "../../derived/index";
import type { LaneLayout } from "./lanes";
import { AXIS_HEIGHT } from "./lanes";
import { endOf, resolutionOf, type Extent, type TimeView } from "./view";

export interface Area {
  readonly from: number;
  readonly to: number;
}

export interface Scene {
  readonly index: TraceIndex;
  readonly view: TimeView;
  readonly extent: Extent;
  readonly layout: LaneLayout;
  /** CSS pixels of the canvas. */
  readonly width: number;
  readonly height: number;
  readonly scale: number;
  readonly scrollTop: number;
  readonly ticksPerMs: number;
  readonly selected?: ProcessKey;
  readonly cursor?: number;
  readonly area?: Area;
}

export const xOf = (scene: Scene, tick: number): number => ((tick - scene.view.start) / scene.view.span) * scene.width;

export const tickAt = (scene: Scene, x: number): number => scene.view.start + (x / scene.width) * scene.view.span;

/** Top of a row on the canvas. */
export const yOf = (scene: Scene, top: number): number => AXIS_HEIGHT + top - scene.scrollTop;

export const sceneResolution = (scene: Scene): number => resolutionOf(scene.view, scene.width * scene.scale);

export const sceneEnd = (scene: Scene): number => endOf(scene.view);

export interface Theme {
  readonly palette: readonly string[];
  readonly text: string;
  readonly soft: string;
  readonly faint: string;
  readonly hair: string;
  readonly line: string;
  readonly select: string;
  readonly accent: string;
  readonly warn: string;
  readonly glass: string;
  readonly mono: string;
}

/** Tokens for the canvas; read again when the theme changes. */
export function readTheme(): Theme {
  return {
    palette: canvasPalette(),
    text: tokenValue("--text"),
    soft: tokenValue("--soft"),
    faint: tokenValue("--faint"),
    hair: tokenValue("--hair"),
    line: tokenValue("--line"),
    select: tokenValue("--select"),
    accent: tokenValue("--accent"),
    warn: tokenValue("--warn"),
    glass: tokenValue("--glass"),
    mono: tokenValue("--mono"),
  };
}

export const laneColor = (theme: Theme, key: ProcessKey): string => theme.palette[colorIndex(key)];
