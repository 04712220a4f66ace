/** Our machine as the page gets it: bundled by vite, once for a run of the benchmark. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { scratch } from "./processes";

const host = (name: string) => fileURLToPath(new URL(`../hosts/${name}.ts`, import.meta.url));

/** Paths of the bundled hosts. */
export async function bundle(): Promise<{ node: string; worker: string }> {
  const outDir = join(scratch, "hosts");
  await build({
    configFile: false,
    logLevel: "warn",
    publicDir: false,
    build: {
      target: "es2022",
      outDir,
      emptyOutDir: true,
      rollupOptions: {
        input: { node: host("node"), worker: host("worker") },
        output: { entryFileNames: "[name].mjs", chunkFileNames: "[name].mjs", format: "es" },
      },
    },
  });
  return { node: join(outDir, "node.mjs"), worker: join(outDir, "worker.mjs") };
}
