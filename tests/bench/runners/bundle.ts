/** Our machine as the page gets it: bundled by vite, once for a run of a benchmark. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { scratch } from "./processes";

const host = (name: string) => fileURLToPath(new URL(`../hosts/${name}.ts`, import.meta.url));

/** Paths of the bundled hosts, by their names. */
export async function bundle<Name extends string>(...names: Name[]): Promise<Record<Name, string>> {
  const outDir = join(scratch, "hosts");
  await build({
    configFile: false,
    logLevel: "warn",
    publicDir: false,
    build: {
      target: "es2022",
      outDir,
      emptyOutDir: true,
      chunkSizeWarningLimit: 4096,
      rollupOptions: {
        input: Object.fromEntries(names.map((name) => [name, host(name)])),
        output: { entryFileNames: "[name].mjs", chunkFileNames: "[name].mjs", format: "es" },
      },
    },
  });
  const paths = names.map((name) => [name, join(outDir, `${name}.mjs`)]);
  return Object.fromEntries(paths) as Record<Name, string>;
}
