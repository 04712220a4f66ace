/** The hash of Herald's sources: every file below src/herald, by path, with line ends normalised. Node only. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

export const heraldFolder = dirname(fileURLToPath(import.meta.url));

/** Paths relative to src/herald, with slashes, sorted by code unit. */
export function sourceFiles(): string[] {
  return readdirSync(heraldFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
    .map((entry) => relative(heraldFolder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort((a, b) => (a < b ? -1 : 1));
}

export function sourceHash(): string {
  const hash = createHash("sha256");
  for (const path of sourceFiles()) {
    hash.update(path + "\0" + readFileSync(join(heraldFolder, path), "utf8").replaceAll("\r\n", "\n") + "\0");
  }
  return hash.digest("hex");
}
