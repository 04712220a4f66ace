/** Mouse, touch and wheel on the canvas, as Perfetto has them. */
import { useEffect, type RefObject } from "react";
import type { TimelineModel } from "./model";

/** Pixels a press may move and still be a click. */
const CLICK = 4;

type Drag = { readonly mode: "area" | "pan"; readonly startX: number; lastX: number; moved: boolean };

export function useGestures(canvas: RefObject<HTMLCanvasElement | null>, model: TimelineModel): void {
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const stop = new AbortController();
    const options = { signal: stop.signal };
    const fingers = new Map<number, number>();
    let drag: Drag | undefined;

    const place = (event: MouseEvent): { x: number; y: number } => {
      const box = element.getBoundingClientRect();
      return { x: event.clientX - box.left, y: event.clientY - box.top };
    };
    const onWheel = (event: WheelEvent): void => {
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        model.zoom(2 ** (event.deltaY / 300), place(event).x);
      } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        event.preventDefault();
        model.panPixels(event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX);
      }
    };
    const onDown = (event: PointerEvent): void => {
      if (event.button !== 0) return;
      const { x } = place(event);
      element.setPointerCapture(event.pointerId);
      if (event.pointerType === "touch") fingers.set(event.pointerId, x);
      const panning = event.shiftKey || event.pointerType === "touch";
      drag = { mode: panning ? "pan" : "area", startX: x, lastX: x, moved: false };
    };
    const pinch = (event: PointerEvent, x: number): void => {
      const [one, other] = [...fingers.values()];
      const before = Math.abs(one - other);
      fingers.set(event.pointerId, x);
      const [first, second] = [...fingers.values()];
      const after = Math.abs(first - second);
      if (before > 10 && after > 10) model.zoom(before / after, (first + second) / 2);
    };
    const onMove = (event: PointerEvent): void => {
      const { x, y } = place(event);
      if (fingers.size === 2 && fingers.has(event.pointerId)) return pinch(event, x);
      if (!drag) return model.point(x, y);
      if (Math.abs(x - drag.startX) > CLICK) drag.moved = true;
      if (!drag.moved) return;
      if (drag.mode === "area") model.selectArea(drag.startX, x);
      else model.panPixels(drag.lastX - x);
      drag.lastX = x;
    };
    const onUp = (event: PointerEvent): void => {
      const { x, y } = place(event);
      fingers.delete(event.pointerId);
      if (drag && !drag.moved && event.type === "pointerup") model.pin(x, y);
      drag = undefined;
    };
    const onDouble = (event: MouseEvent): void => model.zoom(0.25, place(event).x);

    element.addEventListener("wheel", onWheel, { ...options, passive: false });
    element.addEventListener("pointerdown", onDown, options);
    element.addEventListener("pointermove", onMove, options);
    element.addEventListener("pointerup", onUp, options);
    element.addEventListener("pointercancel", onUp, options);
    element.addEventListener("pointerleave", () => model.leavePointer(), options);
    element.addEventListener("dblclick", onDouble, options);
    return () => stop.abort();
  }, [canvas, model]);
}
