/** The speeds to choose from, in ticks (instructions) per second of real time. */
import { REAL_TIME } from "../../store/machine";

export const speedChoices: readonly { readonly speed: number | "max"; readonly label: string }[] = [
  { speed: "max", label: "as fast as it goes" },
  { speed: REAL_TIME, label: "real time" },
  { speed: REAL_TIME / 10, label: "1/10 real time" },
  { speed: REAL_TIME / 100, label: "1/100 real time" },
  { speed: 100_000, label: "100 000 instructions/s" },
  { speed: 10_000, label: "10 000 instructions/s" },
  { speed: 1_000, label: "1 000 instructions/s" },
  { speed: 100, label: "100 instructions/s" },
  { speed: 10, label: "10 instructions/s" },
  { speed: 1, label: "1 instruction/s" },
];

export const speedValue = (text: string): number | "max" => (text === "max" ? "max" : Number(text));
