/** All that run.ts recorded of instructions without vector or x87 registers. */
import { readdirSync, readFileSync } from "node:fs";
import { unpack, type Vector } from "./cases";

const folder = new URL("fixtures/", import.meta.url);

export const recorded = (): Vector[] =>
  readdirSync(folder).flatMap((name) => unpack(readFileSync(new URL(name, folder))));
