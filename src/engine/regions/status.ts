/** The status flags as bits of a set. SF and PF come from one value (state.ts) and are one member. */
export const FLAGS = { cf: 1, of: 2, af: 4, zf: 8, sf: 16, pf: 16 } as const;
export type StatusFlag = keyof typeof FLAGS;
export const ALL_FLAGS = 31;
export const isStatus = (flag: string): flag is StatusFlag => flag in FLAGS;
