/**
 * Which part of time the timeline shows, in ticks: pure functions from one view to the next. While `follow` is set the right edge
 * is now.
 */
export interface TimeView {
  readonly start: number;
  readonly span: number;
  readonly follow: boolean;
}

/** What there is to look at: the oldest record that is held, and now. */
export interface Extent {
  readonly first: number;
  readonly now: number;
}

/** Ticks: closer than this nothing new appears. */
export const LEAST_SPAN = 64;

/** Pixels that a whole quantum gets at first, and the bounds of what is shown then, in milliseconds. */
const QUANTUM_PIXELS = 13;
const FIRST_SPAN = { least: 200, most: 1000 };

/** How much is shown at first, in milliseconds: as long as it can be while a quantum's slice is still easy to hit. */
export function firstSpanMs(width: number, quantumMs: number): number {
  const fitting = Math.floor(((width / QUANTUM_PIXELS) * quantumMs) / 100) * 100;
  return Math.min(FIRST_SPAN.most, Math.max(FIRST_SPAN.least, fitting));
}

export const endOf = (view: TimeView): number => view.start + view.span;

/** Keeps the view on the recorded time, with a small margin to see its ends. */
export function clampView(view: TimeView, extent: Extent): TimeView {
  const whole = Math.max(extent.now - extent.first, LEAST_SPAN);
  const span = Math.min(Math.max(view.span, LEAST_SPAN), Math.max(whole * 1.05, view.follow ? view.span : 0));
  if (view.follow) return { ...view, span, start: extent.now - span };
  const margin = span * 0.05;
  const latest = Math.max(extent.now + margin - span, extent.first - margin);
  return { ...view, span, start: Math.min(Math.max(view.start, extent.first - margin), latest) };
}

/** Zooms so that the instant under the pointer stays there; a live view keeps its right edge. */
export function zoom(view: TimeView, factor: number, at: number): TimeView {
  const span = Math.max(LEAST_SPAN, view.span * factor);
  if (view.follow) return { ...view, span };
  return { ...view, span, start: at - ((at - view.start) / view.span) * span };
}

/** Moves by a part of what is shown; leaves live following, and comes back to it at the right edge. */
export function pan(view: TimeView, ticks: number, extent: Extent): TimeView {
  const start = view.start + ticks;
  if (start + view.span >= extent.now && ticks > 0) return { ...view, follow: true, start: extent.now - view.span };
  return { ...view, start, follow: false };
}

/** Shows [from, to] with some room on both sides. */
export function fit(view: TimeView, from: number, to: number, room = 0.1): TimeView {
  const length = Math.max(to - from, LEAST_SPAN);
  return { ...view, follow: false, start: from - length * room, span: length * (1 + 2 * room) };
}

/** Moves as little as needed to show this instant. */
export function reveal(view: TimeView, tick: number): TimeView {
  const margin = view.span * 0.1;
  if (tick >= view.start && tick <= endOf(view)) return view.follow ? { ...view, follow: false } : view;
  const start = tick < view.start ? tick - margin : tick - view.span + margin;
  return { ...view, start, follow: false };
}

/** Ticks per pixel: the grid on which shorter slices are drawn as one. It depends on the zoom alone, not on where the view begins. */
export const resolutionOf = (view: TimeView, pixels: number): number => view.span / Math.max(pixels, 1);
