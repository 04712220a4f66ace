/**
 * npm run pc: runs pc.ts from a bundle, which is made when a source is newer than it. Translating the sources one by one at each start
 * takes longer than Herald's boot.
 */
import { accessSync, constants, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const bundle = join(root, "build", "cli", "pc.mjs");
/** The rooms that the command line is made of, and what fixes the versions of packages. */
const rooms = ["cli", "pc", "engine", "isa", "replay", "lens", "scenario", "herald"].map((room) =>
  join(root, "src", room),
);

/** When the newest file below a folder was changed, in milliseconds. */
function newest(folder) {
  let time = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) time = Math.max(time, newest(path));
    else if (entry.name.endsWith("ts")) time = Math.max(time, statSync(path).mtimeMs);
  }
  return time;
}

function isFresh() {
  const made = statSync(bundle, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const lock = statSync(join(root, "package-lock.json")).mtimeMs;
  return made > Math.max(lock, ...rooms.map(newest));
}

/** In a folder of its own first: others may be starting too. */
async function make() {
  const { build } = await import("vite");
  const outDir = join(root, "build", `cli-${process.pid}`);
  await build({
    configFile: false,
    logLevel: "error",
    publicDir: false,
    ssr: { noExternal: true },
    build: {
      ssr: join(root, "src", "cli", "pc.ts"),
      target: "es2022",
      outDir,
      rollupOptions: { output: { entryFileNames: "pc.mjs" } },
    },
  });
  mkdirSync(dirname(bundle), { recursive: true });
  renameSync(join(outDir, "pc.mjs"), bundle);
  rmSync(outDir, { recursive: true });
}

function isWritable() {
  try {
    accessSync(root, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The bundle, or in a checkout that may not be written the source itself. */
async function runnable() {
  if (isFresh()) return bundle;
  if (isWritable()) {
    await make();
    return bundle;
  }
  const { register } = await import("tsx/esm/api");
  register();
  return join(root, "src", "cli", "pc.ts");
}

// pc.ts runs when it is what Node was asked for.
process.argv[1] = await runnable();
await import(process.argv[1]);
