/** Instructions that do nothing here: padding, hints, ordering. */
import { constant } from "./expression";
import { callSystem, fault, instruction } from "./notation";

/** `90` with REX.B is XCHG R8, rAX (exchange.ts). The forms with ModRM never touch their operand. */
export const nop = instruction("nop", {
  forms: ["90 {b0}"],
  section: "SDM 2B NOP",
  text: "Does nothing.",
});

export const longNop = instruction("nop", {
  forms: ["0F 1F /0 Ev"],
  operands: { padding: "none" },
  section: "SDM 2B NOP",
  text: "Does nothing, at length.",
});

export const pause = instruction("pause", {
  forms: ["F3 90 {b0}"],
  section: "SDM 2B PAUSE",
  text: "Tells the processor that this is a waiting loop.",
});

/** Without CET in CPUID these two are reserved no-operations. */
export const endbr64 = instruction("endbr64", {
  forms: ["F3 0F 1E FA"],
  section: "SDM 2A ENDBR64",
  text: "Marks a place that indirect branches may go to.",
});

export const endbr32 = instruction("endbr32", {
  forms: ["F3 0F 1E FB"],
  section: "SDM 2A ENDBR32",
  text: "Marks a place that indirect branches may go to.",
});

/** The space kept for hints of the future (SDM 2D, table A-3: reserved NOP). */
export const reservedNop = instruction("reservednop", {
  forms: [
    "0F 0D /r Mv,Gv",
    "0F 18 /r Ev,Gv",
    "0F 19 /r Ev,Gv",
    "0F 1A /r Ev,Gv",
    "0F 1B /r Ev,Gv",
    "0F 1C /r Ev,Gv",
    "0F 1D /r Ev,Gv",
    "0F 1E /r Ev,Gv",
    "0F 1F /r Ev,Gv",
  ],
  operands: { first: "none", second: "none" },
  section: "SDM 2D appendix A",
  text: "Does nothing on this processor.",
});

for (const [name, form] of [
  ["prefetchnta", "0F 18 /0 Mb"],
  ["prefetcht0", "0F 18 /1 Mb"],
  ["prefetcht1", "0F 18 /2 Mb"],
  ["prefetcht2", "0F 18 /3 Mb"],
  ["prefetch", "0F 0D /0 Mb"],
  ["prefetchw", "0F 0D /1 Mb"],
] as const) {
  instruction(name, {
    forms: [form],
    operands: { place: "none" },
    section: "SDM 2B PREFETCHh",
    text: "Hints that this memory will be needed.",
  });
}

/** Any value of ModRM.rm is allowed in the fences. */
for (const [name, reg] of [
  ["lfence", 5],
  ["mfence", 6],
  ["sfence", 7],
] as const) {
  instruction(name, {
    forms: [`NP 0F AE /${reg} {mod3}`],
    section: `SDM 2 ${name.toUpperCase()}`,
    text: "Orders memory accesses; on one processor they are in order.",
  });
}

export const clflush = instruction("clflush", {
  forms: ["NP 0F AE /7 Mb"],
  operands: { place: "read" },
  does: ({ place }) => [callSystem("flushLine", place)],
  section: "SDM 2A CLFLUSH",
  text: "Writes a cache line back; there is no cache, but the address must be readable.",
});

/** The encodings set aside to be invalid for ever. */
for (const [name, form, operands] of [
  ["ud2", "0F 0B", {}],
  ["ud1", "0F B9 /r Gv,Ev", { first: "none", second: "none" }],
  ["ud0", "0F FF /r Gv,Ev", { first: "none", second: "none" }],
] as const) {
  instruction(name, {
    forms: [form],
    operands,
    does: () => [fault(constant(1, 1), "#UD")],
    section: "SDM 2B UD",
    text: "Raises the invalid opcode exception.",
  });
}
