/** Console lines on a lane: a flag where a line was written, cut into the slice that wrote it, and its text where there is room. */
import type { Lane } from "../../derived/index";
import { bandOf } from "./lanes";
import { lineAt } from "./facts";
import { sceneEnd, xOf, type Scene, type Theme } from "./scene";

type Context = CanvasRenderingContext2D;

/** Pixels between two flags below which they are drawn as one. */
const PITCH = 5;
const FONT_SIZE = 10;
/** Less than this many characters say nothing. */
const LEAST_CHARACTERS = 6;

interface Flag {
  readonly x: number;
  readonly first: number;
  readonly count: number;
}

function flagsOf(scene: Scene, lane: Lane): Flag[] {
  const flags: Flag[] = [];
  const pitch = (scene.view.span / scene.width) * PITCH;
  lane.lines.marks(scene.view.start, sceneEnd(scene), pitch, (start, _end, _busy, first, last) => {
    flags.push({ x: xOf(scene, start), first, count: last - first + 1 });
  });
  return flags;
}

export function drawLines(context: Context, scene: Scene, theme: Theme, lane: Lane, top: number): void {
  const flags = flagsOf(scene, lane);
  if (flags.length === 0) return;
  const band = bandOf(scene.layout.rowHeight);
  const pole = top + 3;
  for (const { x, first } of flags) {
    if (isWide(scene, lane, lane.lines.starts[first])) {
      context.fillStyle = theme.glass;
      context.fillRect(x - 0.75, top + band.top, 1.5, band.height);
    }
    context.fillStyle = theme.text;
    context.fillRect(x - 0.75, pole, 1.5, top + band.top - pole);
    context.fillRect(x - 0.75, pole, 6, 4);
  }
  if (band.text === 0) return;
  context.font = `${FONT_SIZE}px ${theme.mono}`;
  context.textBaseline = "middle";
  context.fillStyle = theme.soft;
  const character = context.measureText("0").width;
  flags.forEach((flag, at) => {
    const left = flag.x + 9;
    const room = Math.floor(((flags[at + 1]?.x ?? scene.width) - left - 6) / character);
    const text = room < LEAST_CHARACTERS ? undefined : labelOf(lane, flag, room);
    if (text !== undefined) context.fillText(text, left, top + band.text / 2 + 0.5);
  });
}

/** Whether a cut leaves something of the slice. */
function isWide(scene: Scene, lane: Lane, tick: number): boolean {
  const { running } = scene.index;
  if (running?.lane === lane && tick >= running.start) return true;
  const slice = lane.slices.lastUntil(tick);
  return slice >= 0 && lane.slices.ends[slice] - lane.slices.starts[slice] > (8 * scene.view.span) / scene.width;
}

/** The last line of the flag, and how many more it stands for. */
function labelOf(lane: Lane, { first, count }: Flag, room: number): string | undefined {
  const text = lineAt(lane, first + count - 1);
  if (text === undefined || text === "") return undefined;
  const label = count > 1 ? `${text} +${count - 1}` : text;
  return label.length <= room ? label : `${label.slice(0, room - 1)}…`;
}
