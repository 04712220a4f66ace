/** Puts a scenario onto a copy of Herald's disk image: its Programs and `scenario.cfg`. */
import { assemble } from "../herald/assembler";
import { listFiles, removeFile, writeFile } from "../herald/disk";
import { programImage } from "../herald/program";
import type { Program, Scenario } from "./schema";

export const CONFIG_FILE = "scenario.cfg";

export function configText(scenario: Scenario): string {
  return [
    `quantum_ms=${scenario.machine.quantumMs}`,
    ...scenario.programs.map((program) => `program=${program.name}`),
    ...scenario.run.map((line) => `run=${line}`),
    "",
  ].join("\n");
}

function assembled({ name, text }: Program): Uint8Array {
  const result = assemble(text);
  if (result.ok) return programImage(result.data, result.length);
  const [{ line, message }] = result.errors;
  throw new Error(`${name}, line ${line}: ${message}`);
}

/**
 * A copy of the image on which the Programs and the configuration are the scenario's; executables stay. Throws with a
 * message for a person if a Program has errors, names clash or the disk is full.
 */
export function buildDisk(image: Uint8Array, scenario: Scenario): Uint8Array {
  const disk = image.slice();
  for (const { name, kind } of listFiles(disk)) if (kind !== "executable") removeFile(disk, name);
  const names = new Set(listFiles(disk).map((file) => file.name));
  for (const program of scenario.programs) {
    if (names.has(program.name)) throw new Error(`there is already a file named ${program.name} on the disk`);
    names.add(program.name);
    writeFile(disk, program.name, "program", assembled(program));
  }
  writeFile(disk, CONFIG_FILE, "text", new TextEncoder().encode(configText(scenario)));
  return disk;
}
