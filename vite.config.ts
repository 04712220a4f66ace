import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** The page is plain static files with relative addresses, so any host, folder or offline copy serves it. */
export default defineConfig({
  base: "./",
  plugins: [react()],
  worker: { format: "es" },
  build: { target: "es2022" },
});
