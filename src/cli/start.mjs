/**
 * npm run pc: runs pc.ts from a bundle, and the bundle from V8's code cache of it, both made when a source is newer (bundle.mjs).
 * Translating the sources one by one at each start takes longer than Herald's boot, and so would compiling the bundle's functions.
 */
import { accessSync, constants, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";

const root = fileURLToPath(new URL("../../", import.meta.url));
const bundle = `${root}build/cli/pc.cjs`;
/** Another version of V8 could not use it. */
const cache = `${root}build/cli/pc-${process.versions.v8}-${process.arch}.cache`;
/** What fixes how it is made, and the versions of packages. */
const recipes = ["package-lock.json", "vite.cli.ts", "vite.prepared.ts"];
/** The rooms that the command line is made of. */
const rooms = ["cli", "pc", "engine", "isa", "replay", "lens", "scenario", "herald"];

/** When the newest source below a folder was changed, in milliseconds. */
function newest(folder) {
  let time = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) time = Math.max(time, newest(path));
    else if (/ts$/.test(entry.name)) time = Math.max(time, statSync(path).mtimeMs);
  }
  return time;
}

const changed = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

function isFresh() {
  const made = changed(bundle);
  const isOlder = (time) => time < made;
  return (
    recipes.map((file) => changed(root + file)).every(isOlder) &&
    rooms.map((room) => newest(`${root}src/${room}`)).every(isOlder)
  );
}

function isWritable() {
  try {
    accessSync(root, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * How many bytes of its bytecode a function runs before V8 optimises it: 16 times what V8 takes. Optimising was 40 % of the processor time
 * of a boot, for functions that then had little left to do, and a fifth of Linux's first 800 million instructions.
 */
const OPTIMISE_AFTER = 16 * 67_584;

const hasCache = () => changed(cache) >= changed(bundle);

/** The bundle as a script, its functions compiled if there is a cache. V8 leaves that aside when it is run with other options. */
function load() {
  const cachedData = hasCache() ? readFileSync(cache) : undefined;
  const wrapped = `(function (exports, require) {${readFileSync(bundle, "latin1")}\n})`;
  const script = new Script(wrapped, { filename: bundle, cachedData });
  const exports = {};
  script.runInThisContext()(exports, createRequire(bundle));
  return { script, main: exports.main };
}

/** The command line: from the bundle, or in a checkout that may not be written from the source itself. */
async function commandLine() {
  const writable = isWritable();
  if (!isFresh()) {
    if (!writable) {
      const { register } = await import("tsx/esm/api");
      register();
      return (await import("./pc.ts")).main;
    }
    await (await import("./bundle.mjs")).makeBundle(root, bundle);
  }
  const loaded = load();
  if (!hasCache() && writable) await (await import("./bundle.mjs")).makeCache(root, cache, loaded);
  // Now that the cache is read or made: it holds for the options that Node was started with.
  setFlagsFromString(`--interrupt-budget=${OPTIMISE_AFTER}`);
  return loaded.main;
}

const main = await commandLine();
process.exitCode = await main(process.argv.slice(2));
