export type Next = () => number;
export const pick = <T>(next: Next, list: readonly T[]): T => list[next() % list.length];
export const chance = (next: Next, percent: number): boolean => next() % 100 < percent;
