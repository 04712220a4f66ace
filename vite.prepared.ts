/** Builds carry the handlers that every machine starts with (src/engine/handlers/prepared.ts), made from the sources being built. */
import { fileURLToPath } from "node:url";
import { type Plugin, runnerImport } from "vite";

const start = fileURLToPath(new URL("src/engine/handlers/start.ts", import.meta.url));

export function preparedHandlers(): Plugin {
  return {
    name: "prepared-handlers",
    apply: "build",
    load: {
      filter: { id: /engine\/handlers\/prepared\.ts$/ },
      async handler() {
        const { module } = await runnerImport<{ prepareStart(): unknown }>(start, { configFile: false });
        return `export const prepared = ${JSON.stringify(module.prepareStart())};`;
      },
    },
  };
}
