/** What is under the pointer, beside it and always inside the panel. */
import { factsOf } from "./facts";
import type { Hover } from "./model";

const WIDTH = 300;

export function Tooltip({ hover, width, height }: { hover: Hover; width: number; height: number }) {
  const facts = factsOf(hover.hit);
  const left = hover.x + WIDTH + 24 > width ? Math.max(4, hover.x - WIDTH - 12) : hover.x + 14;
  const below = hover.y < height / 2;
  const place = below ? { top: hover.y + 14 } : { bottom: height - hover.y + 10 };
  return (
    <div className="timeline-tooltip" role="status" style={{ left, maxWidth: WIDTH, ...place }}>
      <strong>{facts.title}</strong>
      {facts.figures.map((text) => (
        <div className="mono" key={text}>
          {text}
        </div>
      ))}
      {facts.notes.map((text) => (
        <div key={text}>{text}</div>
      ))}
      {facts.lines.map((text, at) => (
        <pre key={at}>{text}</pre>
      ))}
    </div>
  );
}
