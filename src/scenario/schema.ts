/**
 * A scenario: everything that, with the disk image, determines a run. It travels in links and files, so every byte of it is
 * validated, and its version only ever grows.
 */
import * as v from "valibot";

export const SCENARIO_VERSION = 1;

const boundedInteger = (least: number, most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));

/** File names on Herald's disk: what the shell can be asked to type. */
const fileName = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9._-]{0,27}$/, "a name is 1 to 28 of a-z 0-9 . _ -"));

export const programSchema = v.object({
  name: fileName,
  /** Source text, assembled by program.ts. */
  text: v.pipe(v.string(), v.maxLength(16_384)),
});

export const machineSchema = v.object({
  memoryMiB: boundedInteger(16, 256),
  /** Ticks per microsecond of virtual time. */
  mhz: boundedInteger(1, 1000),
  quantumMs: boundedInteger(1, 1000),
});

/** A line of the run list: a native program of the disk, and its arguments. */
const runLine = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9][a-z0-9._-]{0,27}( [a-z0-9._ -]{1,60})?$/, "a program's name and its arguments, of a-z 0-9 . _ -"),
);

/** Tabs that a scenario may open with, of the page's middle column. */
export const scenarioTabs = ["topics", "messages", "memory", "boot", "programs", "scenarios"] as const;

/** How the page begins to look at the run. It changes nothing in the run. */
const lookSchema = v.object({
  tab: v.optional(v.picklist(scenarioTabs)),
  /** Guest ticks per second of real time; absent: as the page is set. */
  speed: v.optional(v.union([v.literal("max"), boundedInteger(1, 1_000_000_000)])),
  /** Shell commands that are worth a try, to be typed at a press. */
  commands: v.optional(
    v.pipe(v.array(v.pipe(v.string(), v.regex(/^[ -~]{1,60}$/, "a command is 1 to 60 characters"))), v.maxLength(6)),
  ),
});

export const scenarioSchema = v.object({
  version: v.literal(SCENARIO_VERSION),
  title: v.pipe(v.string(), v.maxLength(80)),
  /** What to look at, for the person who opens it. */
  about: v.pipe(v.string(), v.maxLength(2_000)),
  machine: machineSchema,
  /** Interpreted Programs, started at boot in this order. */
  programs: v.pipe(v.array(programSchema), v.maxLength(8)),
  /** Native programs of the disk, started at boot in this order, after the interpreted ones. */
  run: v.pipe(v.array(runLine), v.maxLength(16)),
  look: v.optional(lookSchema),
});

/** Something done to the machine from outside, at an exact tick. */
export const inputSchema = v.variant("kind", [
  /** A key of the PC's keyboard by KeyboardEvent.code. */
  v.object({
    kind: v.literal("key"),
    tick: v.pipe(v.number(), v.integer(), v.minValue(0)),
    code: v.pipe(v.string(), v.maxLength(24)),
    down: v.boolean(),
  }),
]);

/** Inputs one recording may hold. */
export const MAX_INPUTS = 20_000;

/** Which build of Herald a run was recorded with: the first hexadecimal digits of the hash of its sources. */
export const HERALD_DIGITS = 16;
const identitySchema = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/, `it is ${HERALD_DIGITS} hexadecimal digits`));

export const linkSchema = v.object({
  scenario: scenarioSchema,
  inputs: v.pipe(v.array(inputSchema), v.maxLength(MAX_INPUTS)),
  /** Links from before it was recorded have none. */
  herald: v.optional(identitySchema),
});

export type Program = v.InferOutput<typeof programSchema>;
export type MachineSettings = v.InferOutput<typeof machineSchema>;
export type Look = v.InferOutput<typeof lookSchema>;
export type Scenario = v.InferOutput<typeof scenarioSchema>;
export type Input = v.InferOutput<typeof inputSchema>;
/** What a link holds: the scenario and the inputs so far. */
export type Link = v.InferOutput<typeof linkSchema>;
