/** The command line as one script (src/cli/start.mjs), which needs nothing but Node. */
import { defineConfig } from "vite";
import { preparedHandlers } from "./vite.prepared.ts";

export default defineConfig({
  logLevel: "error",
  publicDir: false,
  plugins: [preparedHandlers()],
  ssr: { noExternal: true },
  // The one for Node loads worker threads, which nobody here uses.
  resolve: { alias: { fflate: "fflate/browser" } },
  build: {
    ssr: "src/cli/pc.ts",
    target: "es2022",
    rollupOptions: {
      output: { format: "cjs", entryFileNames: "pc.cjs", minify: { mangle: false, compress: false, codegen: true } },
    },
  },
});
