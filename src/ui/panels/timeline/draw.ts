/** Paints a scene. The cost follows the pixels: every list is cut to the time shown and merged to the resolution. */
import { scaleLinear } from "d3-scale";
import { marker, type Lane } from "../../derived/index";
import type { Spans } from "../../derived/spans";
import { sameProcess } from "../../store/selection";
import { grouped } from "../common/format";
import { flowsOf, wakesOf, type Flow } from "./flows";
import { AXIS_HEIGHT, bandOf, type LaneRow } from "./lanes";
import { drawLines } from "./lines";
import { laneColor, sceneEnd, sceneResolution, xOf, yOf, type Scene, type Theme } from "./scene";

type Context = CanvasRenderingContext2D;

/** Pixels between two markers below which they are drawn as one. */
const MARKER_PITCH = 5;

export function draw(context: Context, scene: Scene, theme: Theme): void {
  context.setTransform(scene.scale, 0, 0, scene.scale, 0, 0);
  context.clearRect(0, 0, scene.width, scene.height);
  drawAxis(context, scene, theme);
  context.save();
  context.beginPath();
  context.rect(0, AXIS_HEIGHT, scene.width, scene.height - AXIS_HEIGHT);
  context.clip();
  for (const row of scene.layout.rows) if (onScreen(scene, row)) drawRow(context, scene, theme, row);
  for (const flow of [...flowsOf(scene), ...wakesOf(scene)]) drawFlow(context, scene, theme, flow);
  context.restore();
  drawArea(context, scene, theme);
  drawCursor(context, scene, theme);
}

function onScreen(scene: Scene, row: LaneRow): boolean {
  const y = yOf(scene, row.top);
  return y + scene.layout.rowHeight > AXIS_HEIGHT && y < scene.height;
}

function drawAxis(context: Context, scene: Scene, theme: Theme): void {
  const inMs = scaleLinear([scene.view.start / scene.ticksPerMs, sceneEnd(scene) / scene.ticksPerMs], [0, scene.width]);
  const count = Math.max(2, Math.floor(scene.width / 130));
  const format = inMs.tickFormat(count, "f");
  context.font = `10px ${theme.mono}`;
  context.textBaseline = "middle";
  for (const value of inMs.ticks(count)) {
    // Nothing was before power-on.
    if (value < 0) continue;
    const x = Math.round(inMs(value)) + 0.5;
    context.fillStyle = theme.hair;
    context.fillRect(x - 0.5, 6, 1, scene.height);
    const [whole, fraction] = format(value).replace("−", "-").split(".");
    const text = `${grouped(Number(whole))}${fraction ? `.${fraction}` : ""} ms`;
    context.fillStyle = theme.faint;
    if (x + 4 + context.measureText(text).width < scene.width) context.fillText(text, x + 4, AXIS_HEIGHT / 2);
  }
}

function drawRow(context: Context, scene: Scene, theme: Theme, row: LaneRow): void {
  const top = yOf(scene, row.top);
  const { rowHeight } = scene.layout;
  const { lane } = row;
  if (lane && sameProcess(lane.key, scene.selected)) {
    context.fillStyle = theme.select;
    context.fillRect(0, top, scene.width, rowHeight);
  }
  context.fillStyle = theme.hair;
  context.fillRect(0, top + rowHeight - 1, scene.width, 1);
  if (!lane) return drawInterrupts(context, scene, theme, top);
  drawSlices(context, scene, theme, lane, top);
  drawMarkers(context, scene, theme, lane, top);
}

function drawInterrupts(context: Context, scene: Scene, theme: Theme, top: number): void {
  const height = Math.min(18, Math.round(scene.layout.rowHeight * 0.6));
  const y = top + Math.round((scene.layout.rowHeight - height) / 2);
  const resolution = sceneResolution(scene) * scene.scale * 2;
  context.fillStyle = theme.soft;
  scene.index.interrupts.marks(scene.view.start, sceneEnd(scene), resolution, (start, end) => {
    context.fillRect(xOf(scene, start), y, Math.max(1.25, xOf(scene, end) - xOf(scene, start)), height);
  });
  glyphs(scene, scene.index.kernelMessages, (x) => {
    context.fillStyle = theme.accent;
    diamond(context, x, y + height / 2, 3.5);
  });
}

/** Idle time is there, but it is not what one looks for. */
const laneAlpha = (lane: Lane): number => (lane.key.pid === 0 ? 0.32 : 0.92);

function drawSlices(context: Context, scene: Scene, theme: Theme, lane: Lane, top: number): void {
  const { top: inset, height } = bandOf(scene.layout.rowHeight);
  const full = laneAlpha(lane);
  context.fillStyle = laneColor(theme, lane.key);
  const block = (start: number, end: number, busy: number): void => {
    const left = Math.max(xOf(scene, start), -2);
    const width = Math.min(xOf(scene, end), scene.width + 2) - left;
    // A mark of many slices is as dense as they are, but never so faint that it is overlooked.
    context.globalAlpha = full * Math.max(0.4, end > start ? busy / (end - start) : 1);
    if (width > 6) rounded(context, left, top + inset, width - 1, height);
    else context.fillRect(left, top + inset, Math.max(1, width - (width > 2.5 ? 0.75 : 0)), height);
  };
  lane.slices.marks(scene.view.start, sceneEnd(scene), sceneResolution(scene), block);
  const { running } = scene.index;
  if (running?.lane === lane && running.start < sceneEnd(scene)) {
    const length = scene.extent.now - running.start;
    block(running.start, scene.extent.now, length);
  }
  context.globalAlpha = 1;
}

function rounded(context: Context, x: number, y: number, width: number, height: number): void {
  context.beginPath();
  context.roundRect(x, y, width, height, 2);
  context.fill();
}

/** Small signs on a lane: calls below, messages in the middle, console lines through all of it. */
function drawMarkers(context: Context, scene: Scene, theme: Theme, lane: Lane, top: number): void {
  const { rowHeight } = scene.layout;
  const band = bandOf(rowHeight);
  const middle = top + band.top + band.height / 2;
  const bottom = top + rowHeight - 3;
  context.fillStyle = theme.soft;
  glyphs(scene, lane.calls, (x) => context.fillRect(x - 0.5, bottom - 1, 1, 3));
  drawLines(context, scene, theme, lane, top);
  if (crowded(scene, lane.messages)) {
    context.fillStyle = theme.accent;
    glyphs(scene, lane.messages, (x) => context.fillRect(x - 0.5, middle - 1.5, 1.5, 3));
  } else glyphs(scene, lane.messages, (x, tag) => drawMessage(context, theme, x, middle, tag));
  glyphs(scene, lane.faults, (x) => cross(context, x, middle, theme.warn));
}

function drawMessage(context: Context, theme: Theme, x: number, y: number, tag: number): void {
  if (tag === marker.deliver) return;
  if (tag === marker.drop) return cross(context, x, y, theme.warn);
  context.fillStyle = theme.glass;
  diamond(context, x, y, tag === marker.publish ? 4 : 3);
  context.strokeStyle = theme.accent;
  context.lineWidth = 1.2;
  context.stroke();
}

/** More in view than signs with a shape can be told apart. */
const crowded = (scene: Scene, spans: Spans): boolean =>
  spans.lastUntil(sceneEnd(scene)) - spans.firstFrom(scene.view.start) > scene.width / 10;

/** One call per marker, or per group of markers too close to tell apart (the first of the group stands for it). */
function glyphs(scene: Scene, spans: Spans, paint: (x: number, tag: number) => void): void {
  const pitch = (scene.view.span / scene.width) * MARKER_PITCH;
  spans.marks(scene.view.start, sceneEnd(scene), pitch, (start, _end, _busy, first) => {
    paint(xOf(scene, start), spans.tags[first]);
  });
}

function diamond(context: Context, x: number, y: number, radius: number): void {
  context.beginPath();
  context.moveTo(x, y - radius);
  context.lineTo(x + radius, y);
  context.lineTo(x, y + radius);
  context.lineTo(x - radius, y);
  context.closePath();
  context.fill();
}

function cross(context: Context, x: number, y: number, color: string): void {
  context.strokeStyle = color;
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x - 3, y - 3);
  context.lineTo(x + 3, y + 3);
  context.moveTo(x + 3, y - 3);
  context.lineTo(x - 3, y + 3);
  context.stroke();
}

function drawFlow(context: Context, scene: Scene, theme: Theme, flow: Flow): void {
  const band = bandOf(scene.layout.rowHeight);
  const half = band.top + band.height / 2;
  const color = flow.kind === "wake" ? theme.text : theme.accent;
  const x1 = xOf(scene, flow.from);
  const x2 = xOf(scene, flow.to);
  const y1 = yOf(scene, flow.fromTop) + half;
  const y2 = yOf(scene, flow.toTop) + half;
  const bend = Math.max(6, (x2 - x1) / 2);
  context.globalAlpha = flow.emphasis;
  context.strokeStyle = color;
  context.setLineDash(flow.kind === "wake" ? [3, 2] : []);
  context.lineWidth = 1.2;
  context.beginPath();
  context.moveTo(x1, y1);
  context.bezierCurveTo(x1 + bend, y1, x2 - bend, y2, x2, y2);
  context.stroke();
  context.setLineDash([]);
  context.fillStyle = color;
  context.beginPath();
  context.moveTo(x2, y2);
  context.lineTo(x2 - 5, y2 - 2.5);
  context.lineTo(x2 - 5, y2 + 2.5);
  context.fill();
  context.globalAlpha = 1;
}

function drawArea(context: Context, scene: Scene, theme: Theme): void {
  if (!scene.area) return;
  const left = xOf(scene, scene.area.from);
  const right = xOf(scene, scene.area.to);
  context.fillStyle = theme.accent;
  context.globalAlpha = 0.1;
  context.fillRect(left, 0, right - left, scene.height);
  context.globalAlpha = 0.8;
  context.fillRect(left, 0, 1, scene.height);
  context.fillRect(right, 0, 1, scene.height);
  context.globalAlpha = 1;
}

function drawCursor(context: Context, scene: Scene, theme: Theme): void {
  if (scene.cursor === undefined) return;
  const x = xOf(scene, scene.cursor);
  if (x < 0 || x > scene.width) return;
  context.fillStyle = theme.text;
  context.fillRect(Math.round(x) - 0.75, 0, 1.5, scene.height);
}
