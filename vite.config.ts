import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { preparedHandlers } from "./vite.prepared.ts";

/** The page is plain static files with relative addresses, so any host, folder or offline copy serves it. */
export default defineConfig({
  base: "./",
  plugins: [react()],
  worker: { format: "es", plugins: () => [preparedHandlers()] },
  // Running the sources to prepare the handlers is most of a build, and meant.
  build: { target: "es2022", rolldownOptions: { checks: { pluginTimings: false } } },
});
