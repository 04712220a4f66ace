/** What stands out in the recording: stages of the boot, and what the kernel refused. Kept while an earlier instant is looked at. */
import { traceIndex, type TraceIndex } from "../../derived/index";
import { errorName, publisherName, topicLabel } from "../../derived/names";
import { traceNames } from "../../../worker/protocol";

export interface Milestone {
  readonly tick: number;
  readonly label: string;
  readonly tone: "stage" | "refused";
}

/** Refusals shown: the first ones. */
const MOST = 24;

export class Milestones {
  private found: Milestone[] = [];
  private run = -1;
  private recorded = 0;

  constructor(private readonly index: TraceIndex) {}

  /** `run`: of another one nothing is kept. A recording that ends earlier than before got another future. */
  until(recorded: number, run: number): readonly Milestone[] {
    if (run !== this.run) this.found = [];
    else if (recorded < this.recorded) this.found = this.found.filter(({ tick }) => tick <= recorded);
    this.run = run;
    this.recorded = recorded;
    const known = new Set(this.found.map(({ tick }) => tick));
    const news = this.present().filter(({ tick }) => !known.has(tick));
    if (news.length > 0) this.found = [...this.found, ...news];
    return this.found;
  }

  private present(): Milestone[] {
    const { journey, refusals } = this.index;
    const stages = journey.marks.flatMap((mark): Milestone[] =>
      mark.kind === "stage" ? [{ tick: mark.time, label: stageText(mark.stage), tone: "stage" }] : [],
    );
    const refused = refusals.slice(0, MOST).map(({ time, from, topic, error }): Milestone => ({
      tick: time,
      label: `${errorName(error)}: ${publisherName(from)} on ${topicLabel(topic)}`,
      tone: "refused",
    }));
    return [...stages, ...refused];
  }
}

const stageText = (stage: number): string =>
  (traceNames.bootStage[stage] ?? `boot stage ${stage}`).replaceAll("_", " ");

export const milestones = new Milestones(traceIndex);
