/** Numbers as people read them: grouped by thin spaces, in tabular figures. */
import { scenarioStore } from "../../store/scenario";

const THIN = "\u202f";

export function grouped(value: number | bigint): string {
  return value.toString().replace(/\B(?=(\d{3})+(?!\d))/g, THIN);
}

/** Ticks of one millisecond of virtual time. */
export const ticksPerMs = (): number => (scenarioStore.getState().open?.machine.mhz ?? 100) * 1000;

const digits = (value: number): number => (value >= 100 ? 0 : value >= 10 ? 1 : 2);

/** A length of time: "5.12 µs", "10.0 ms", "1.23 s". */
export function duration(ticks: number, perMs: number = ticksPerMs()): string {
  const us = (ticks / perMs) * 1000;
  if (us < 1000) return `${us.toFixed(digits(us))} µs`;
  if (us < 1_000_000) return `${(us / 1000).toFixed(digits(us / 1000))} ms`;
  return `${(us / 1_000_000).toFixed(digits(us / 1_000_000))} s`;
}

/** An instant: "4 218.306 94 ms" with as many decimals as asked for. */
export function instant(ticks: number, decimals = 3, perMs: number = ticksPerMs()): string {
  const [whole, fraction] = (ticks / perMs).toFixed(decimals).split(".");
  return fraction === undefined ? `${grouped(Number(whole))} ms` : `${grouped(Number(whole))}.${fraction} ms`;
}

export const percent = (part: number): string => `${(part * 100).toFixed(1)}%`;

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${grouped(count)} ${count === 1 ? one : many}`;

/** Hexadecimal with leading zeros, in groups of four: "0000 7FFF FFFF E3A8". */
export function hexGroups(value: bigint, width = 16): string {
  const text = BigInt.asUintN(64, value).toString(16).toUpperCase().padStart(width, "0");
  return text.replace(/(?=(.{4})+$)(?!^)/g, " ");
}

/** Shortest form in groups of four, at least eight digits: "0040 0000", "7FFF FFFF C000". */
export function hexShort(value: bigint): string {
  const length = BigInt.asUintN(64, value).toString(16).length;
  return hexGroups(value, Math.max(8, Math.ceil(length / 4) * 4));
}
