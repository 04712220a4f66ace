/** Keys of the timeline, by their place on the keyboard so that they work on every layout. */
import type { KeyboardEvent } from "react";
import { seekTo } from "../../store/connection";
import { selectionStore } from "../../store/selection";
import type { TimelineModel } from "./model";

const ZOOM = 1.4;
const STEP = 0.15;

const actions: Readonly<Record<string, (model: TimelineModel) => void>> = {
  KeyW: (model) => model.zoom(1 / ZOOM),
  KeyS: (model) => model.zoom(ZOOM),
  KeyA: (model) => model.pan(-STEP),
  KeyD: (model) => model.pan(STEP),
  ArrowLeft: (model) => model.pan(-STEP),
  ArrowRight: (model) => model.pan(STEP),
  Equal: (model) => model.zoom(1 / ZOOM),
  Minus: (model) => model.zoom(ZOOM),
  Digit0: (model) => model.follow(),
  Home: (model) => model.follow(),
  End: (model) => model.showAll(),
  KeyF: (model) => model.focus(),
  Period: (model) => model.step(1),
  Comma: (model) => model.step(-1),
  KeyG: () => {
    const { cursor } = selectionStore.getState();
    if (cursor !== undefined) seekTo(cursor);
  },
};

export function onTimelineKey(event: KeyboardEvent, model: TimelineModel): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target instanceof HTMLInputElement) return;
  const action = actions[event.code];
  if (!action) return;
  event.preventDefault();
  event.stopPropagation();
  action(model);
}
