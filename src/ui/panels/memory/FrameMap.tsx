/** All frames in the order of their addresses, coloured by use and owner; the table beside it is its twin. */
import { useEffect, useRef, useState, type MouseEvent } from "react";
import type { MemoryView, ProcessKey } from "../../../worker/protocol";
import { tokenValue } from "../../store/colors";
import { useSettings } from "../../store/react";
import { hexShort } from "../common/format";
import { CELL, cellAt, cellUse, fillOf, mapSize } from "./cells";

interface Props {
  readonly view: MemoryView;
  readonly keyOf: (pid: number) => ProcessKey | undefined;
  /** In words: "code or data of native process owner" and whose. */
  readonly words: (use: string, owner: number) => string;
}

export function FrameMap({ view, keyOf, words }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [over, setOver] = useState<number>();
  const scheme = useSettings((state) => state.scheme);
  const { cells } = view;
  const count = cells.use.length;
  const size = mapSize(count, width);
  useEffect(() => {
    const element = canvas.current?.parentElement;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (canvas.current && width > 0) paint(canvas.current, view, keyOf, width);
  }, [view, keyOf, width, scheme]);
  const point = (event: MouseEvent<HTMLCanvasElement>): void => {
    const box = event.currentTarget.getBoundingClientRect();
    setOver(cellAt(size, count, event.clientX - box.left, event.clientY - box.top));
  };
  return (
    <div className="frame-map">
      <canvas
        ref={canvas}
        style={{ width: size.columns * CELL, height: size.rows * CELL }}
        role="img"
        aria-label={`${view.memoryFrames - view.freeFrames} of ${view.memoryFrames} frames in use; the table below says for what`}
        onMouseMove={point}
        onMouseLeave={() => setOver(undefined)}
      />
      <p className="mono">{over === undefined || over >= count ? wholeText(view) : cellText(view, over, words)}</p>
    </div>
  );
}

function wholeText({ cells, frameBytes, frameCount }: MemoryView): string {
  const square = `a square is ${(cells.framesPerCell * frameBytes) / 1024} KiB, from address 0 on`;
  const above = ((frameCount - cells.frames) * frameBytes) / 2 ** 20;
  return above > 0 ? `${square}; nothing is in use in the ${above.toFixed(0)} MiB above` : square;
}

function cellText(view: MemoryView, cell: number, words: Props["words"]): string {
  const bytes = view.cells.framesPerCell * view.frameBytes;
  const from = BigInt(cell * bytes);
  const to = from + BigInt(bytes - 1);
  return `${hexShort(from)} to ${hexShort(to)}: ${words(cellUse(view.cells, cell), view.cells.owner[cell])}`;
}

function paint(canvas: HTMLCanvasElement, view: MemoryView, keyOf: Props["keyOf"], width: number): void {
  const { cells } = view;
  const { columns, rows } = mapSize(cells.use.length, width);
  const scale = devicePixelRatio;
  canvas.width = Math.round(columns * CELL * scale);
  canvas.height = Math.round(rows * CELL * scale);
  const context = canvas.getContext("2d");
  if (!context) return;
  context.scale(scale, scale);
  const fills = new Map<number, { color: string; alpha: number }>();
  for (let cell = 0; cell < cells.use.length; cell++) {
    const id = (cells.use[cell] << 16) | cells.owner[cell];
    let fill = fills.get(id);
    if (!fill) {
      const { token, alpha } = fillOf(cellUse(cells, cell), cells.owner[cell], keyOf);
      fills.set(id, (fill = { color: tokenValue(token), alpha }));
    }
    context.fillStyle = fill.color;
    context.globalAlpha = fill.alpha;
    context.fillRect((cell % columns) * CELL, Math.floor(cell / columns) * CELL, CELL - 1, CELL - 1);
  }
}
