/** The dots of travelling messages: a fixed number of circles, moved once per animation frame while there are any. */
import { useEffect, useRef } from "react";
import { traceIndex } from "../../derived/index";
import { colorOf } from "../../store/colors";
import { trace } from "../../store/trace";
import { pointOn, type Curve, type Graph } from "./graph";
import { MOST_DOTS, Travel, TRAVEL_MS, type Dot } from "./travel";

const slots = Array.from({ length: MOST_DOTS }, (_, slot) => slot);

export function Dots({ graph }: { readonly graph: Graph }) {
  const group = useRef<SVGGElement>(null);
  const curves = useRef(new Map<string, Curve>());
  useEffect(() => {
    curves.current = new Map(graph.edges.map((edge) => [edge.id, edge.curve]));
  }, [graph]);

  useEffect(() => {
    const travel = new Travel();
    travel.skip(traceIndex.update());
    let frame = 0;
    const paint = (now: number): void => {
      const circles = group.current?.children;
      if (!circles) return;
      let used = 0;
      for (const dot of travel.dots) if (move(circles[used] as SVGCircleElement, dot, curves.current, now)) used++;
      for (let rest = used; rest < circles.length; rest++) circles[rest].setAttribute("r", "0");
      const waiting = travel.dots.some((dot) => dot.start + TRAVEL_MS > now);
      frame = waiting ? requestAnimationFrame(paint) : 0;
    };
    const onTrace = (): void => {
      travel.advance(traceIndex.update(), performance.now());
      if (frame === 0 && travel.dots.length > 0) frame = requestAnimationFrame(paint);
    };
    const stop = trace.subscribe(onTrace);
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, []);

  return (
    <g ref={group} className="dots" aria-hidden="true">
      {slots.map((slot) => (
        <circle key={slot} r={0} />
      ))}
    </g>
  );
}

/** Puts the circle where the dot is now; false when it is not under way or its edge is not shown. */
function move(circle: SVGCircleElement, dot: Dot, curves: ReadonlyMap<string, Curve>, now: number): boolean {
  const curve = curves.get(dot.edge);
  const t = (now - dot.start) / TRAVEL_MS;
  if (!curve || t < 0 || t > 1) return false;
  const { x, y } = pointOn(curve, t);
  circle.setAttribute("cx", x.toFixed(1));
  circle.setAttribute("cy", y.toFixed(1));
  circle.setAttribute("r", "5");
  circle.style.fill = colorOf(dot.from);
  return true;
}
