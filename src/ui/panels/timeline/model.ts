/**
 * The timeline's state between drawings: view, area, what is under the pointer. It draws once per animation frame at most, and
 * only when the records, the view, the selection or the theme changed.
 */
import { traceIndex } from "../../derived/index";
import { machineStore } from "../../store/machine";
import { scenarioStore } from "../../store/scenario";
import { selectionStore, selectProcess, setCursor } from "../../store/selection";
import { settingsStore } from "../../store/settings";
import { trace } from "../../store/trace";
import { ticksPerMs } from "../common/format";
import { draw } from "./draw";
import { hit, neighbour, type Hit } from "./hit";
import { layoutLanes, sameLayout, type LaneLayout } from "./lanes";
import { readTheme, tickAt, type Area, type Scene, type Theme } from "./scene";
import { clampView, endOf, firstSpanMs, fit, pan, reveal, zoom, type Extent, type TimeView } from "./view";

export interface Hover {
  readonly hit: Hit;
  readonly x: number;
  readonly y: number;
}

/** What React shows around the canvas; a new object when any of it changed. */
export interface Surroundings {
  readonly layout: LaneLayout;
  readonly view: TimeView;
  readonly area?: Area;
  readonly hover?: Hover;
  readonly events: number;
  /** For so long that one may wonder, nothing but the idle process had the CPU. */
  readonly idle: boolean;
}

const noLanes: LaneLayout = { rows: [], rowHeight: 20, height: 0 };

/** How often the words around a moving canvas change, in milliseconds. */
const WORDS_INTERVAL_MS = 250;
/** Milliseconds of virtual time after which an idle machine gets a hint. */
const IDLE_MS = 1000;

export class TimelineModel {
  surroundings: Surroundings;
  private view: TimeView;
  private layout: LaneLayout = noLanes;
  private area: Area | undefined;
  private hover: Hover | undefined;
  private theme: Theme | undefined;
  private canvas: HTMLCanvasElement | undefined;
  private size = { width: 0, height: 0, scale: 1 };
  private scrollTop = 0;
  private frame = 0;
  private run = trace.run;
  private lastWords = 0;
  private readonly listeners = new Set<() => void>();
  private readonly leave: (() => void)[] = [];

  constructor() {
    this.view = this.firstView();
    this.surroundings = { layout: this.layout, view: this.view, events: 0, idle: false };
  }

  /** What is shown until somebody zooms: live, wide enough that console lines a second apart are in it. */
  private firstView(): TimeView {
    const quantum = scenarioStore.getState().open?.machine.quantumMs ?? 10;
    const span = firstSpanMs(this.size.width, quantum) * ticksPerMs();
    return { start: -span, span, follow: true };
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  snapshot = (): Surroundings => this.surroundings;

  /** Draws into this canvas until the answer is called. */
  attach(canvas: HTMLCanvasElement): () => void {
    this.canvas = canvas;
    const onTheme = (): void => {
      this.theme = undefined;
      this.request();
    };
    this.leave.push(trace.subscribe(this.onTrace), settingsStore.subscribe(onTheme));
    this.leave.push(selectionStore.subscribe(this.request), machineStore.subscribe(this.request));
    this.request();
    return () => {
      for (const stop of this.leave.splice(0)) stop();
      cancelAnimationFrame(this.frame);
      this.frame = 0;
      this.canvas = undefined;
    };
  }

  resize(width: number, height: number, scale: number): void {
    const untouched = this.view.follow && this.view.span === this.firstView().span;
    this.size = { width, height, scale };
    if (untouched) this.view = this.firstView();
    this.request();
  }

  scroll(top: number): void {
    this.scrollTop = top;
    this.request();
  }

  request = (): void => {
    if (this.frame === 0 && this.canvas) this.frame = requestAnimationFrame(this.paint);
  };

  extent(): Extent {
    return { first: traceIndex.firstTime, now: Math.max(machineStore.getState().status.tick, traceIndex.lastTime) };
  }

  scene(): Scene {
    const { process: selected, cursor } = selectionStore.getState();
    const { view, layout, size, scrollTop, area } = this;
    return {
      index: traceIndex,
      view,
      layout,
      ...size,
      scrollTop,
      extent: this.extent(),
      ticksPerMs: ticksPerMs(),
      selected,
      cursor,
      area,
    };
  }

  private paint = (): void => {
    this.frame = 0;
    const { canvas } = this;
    if (!canvas || this.size.width === 0) return;
    traceIndex.update();
    this.view = clampView(this.view, this.extent());
    const layout = layoutLanes(traceIndex, this.view, this.size.height);
    if (!sameLayout(layout, this.layout)) this.layout = layout;
    const { width, height, scale } = this.size;
    const [deviceWidth, deviceHeight] = [Math.round(width * scale), Math.round(height * scale)];
    if (canvas.width !== deviceWidth) canvas.width = deviceWidth;
    if (canvas.height !== deviceHeight) canvas.height = deviceHeight;
    const context = canvas.getContext("2d");
    if (context) draw(context, this.scene(), (this.theme ??= readTheme()));
    this.tell();
  };

  private onTrace = (): void => {
    if (this.run !== trace.run) this.startAfresh();
    this.request();
  };

  /** Another run: its processes are others, so nothing of the old ones may be shown for even one picture. */
  private startAfresh(): void {
    this.run = trace.run;
    this.view = this.firstView();
    this.area = undefined;
    this.hover = undefined;
    this.layout = noLanes;
    this.tell();
  }

  /** Tells React; while only time goes on, a few times a second. */
  private tell(): void {
    const old = this.surroundings;
    const { layout, view, area, hover } = this;
    const next = { layout, view, area, hover, events: trace.length, idle: this.isIdle() };
    const sharp =
      old.layout !== next.layout ||
      old.area !== next.area ||
      old.hover !== next.hover ||
      old.idle !== next.idle ||
      old.view.follow !== next.view.follow;
    if (!sharp && old.events === next.events && old.view === next.view) return;
    const now = performance.now();
    if (!sharp && now - this.lastWords < WORDS_INTERVAL_MS) {
      setTimeout(this.request, WORDS_INTERVAL_MS);
      return;
    }
    this.lastWords = now;
    this.surroundings = next;
    for (const listener of this.listeners) listener();
  }

  private isIdle(): boolean {
    const { running } = traceIndex;
    if (!this.view.follow || running?.lane.key.pid !== 0) return false;
    const since = this.extent().now - running.start;
    return since > this.view.span && since > IDLE_MS * ticksPerMs();
  }

  private look(view: TimeView): void {
    this.view = clampView(view, this.extent());
    this.hover = undefined;
    this.request();
  }

  tickAt(x: number): number {
    return tickAt(this.scene(), x);
  }

  /** At a place on the canvas, or at the middle. */
  zoom(factor: number, x = this.size.width / 2): void {
    this.look(zoom(this.view, factor, this.tickAt(x)));
  }

  /** By a part of what is shown. */
  pan(part: number): void {
    this.look(pan(this.view, this.view.span * part, this.extent()));
  }

  panPixels(pixels: number): void {
    this.pan(pixels / Math.max(1, this.size.width));
  }

  follow(): void {
    this.look(this.firstView());
  }

  /** The whole run, as far as it is held. */
  showAll(): void {
    const { first, now } = this.extent();
    this.look(fit(this.view, first, now, 0.02));
  }

  toggleFollow(): void {
    this.look({ ...this.view, follow: !this.view.follow });
  }

  /** The area, or the selected process's slice at the cursor, or the cursor. */
  focus(): void {
    const { process, cursor } = selectionStore.getState();
    if (this.area) return this.look(fit(this.view, this.area.from, this.area.to));
    const lane = process && traceIndex.laneOf(process);
    if (cursor === undefined || !lane) return;
    const slice = lane.slices.lastUntil(cursor);
    if (slice >= 0 && lane.slices.ends[slice] >= cursor)
      this.look(fit(this.view, lane.slices.starts[slice], lane.slices.ends[slice], 1));
    else this.look(reveal(this.view, cursor));
  }

  selectArea(fromX: number, toX: number): void {
    const [from, to] = [this.tickAt(Math.min(fromX, toX)), this.tickAt(Math.max(fromX, toX))];
    this.area = { from, to };
    if (this.view.follow) this.view = { ...this.view, follow: false };
    this.request();
  }

  clearArea(): void {
    this.area = undefined;
    this.request();
  }

  point(x: number, y: number): void {
    const found = hit(this.scene(), x, y);
    this.hover = found && { hit: found, x, y };
    this.request();
  }

  leavePointer(): void {
    this.hover = undefined;
    this.request();
  }

  /** A click: the slice's process is selected, the cursor of all panels goes there, and the view stays there. */
  pin(x: number, y: number): void {
    const found = hit(this.scene(), x, y);
    this.area = undefined;
    this.view = { ...this.view, follow: false };
    if (found && found.kind !== "interrupt" && found.lane.key.pid !== 0) selectProcess(found.lane.key);
    setCursor(Math.round(this.tickAt(x)));
    this.request();
  }

  /** To the next or previous event of the selected process (of whoever runs, when none is selected). */
  step(direction: 1 | -1): void {
    const { process, cursor } = selectionStore.getState();
    const lane = process ? traceIndex.laneOf(process) : traceIndex.running?.lane;
    if (!lane) return;
    const next = neighbour(lane, cursor ?? endOf(this.view), direction);
    if (next === undefined) return;
    this.look(reveal(this.view, next));
    setCursor(next);
  }
}
