/** Makes what start.mjs runs. Each file is written beside its place and then moved there: others may be starting too. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export async function makeBundle(root, bundle) {
  const { build } = await import("vite");
  const outDir = join(root, "build", `cli-${process.pid}`);
  await build({ root, configFile: join(root, "vite.cli.ts"), build: { outDir } });
  const made = join(outDir, "pc.cjs");
  // Read as one byte a character.
  writeFileSync(made, readFileSync(made, "utf8").replace(/[^\0-\x7f]/g, escaped));
  mkdirSync(dirname(bundle), { recursive: true });
  renameSync(made, bundle);
  rmSync(outDir, { recursive: true });
}

const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** Boots Herald, so that the cache holds the functions that a boot runs. */
export async function makeCache(root, cache, { script, main }) {
  const own = `${cache}-${process.pid}`;
  await main([
    join(root, "public", "herald.img"),
    "--keys",
    "shutdown\\n",
    "--keys-after",
    "herald> ",
    "--serial",
    own,
  ]);
  writeFileSync(own, script.createCachedData());
  renameSync(own, cache);
}
