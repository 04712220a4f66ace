/** `npm run browser`: builds the page and does with it, in Chromium, what a person does. Arguments go to Playwright. */
import { spawnSync } from "node:child_process";
import { provideChromium } from "./chromium";

const chromium = provideChromium();
if ("why" in chromium) {
  console.log(`SKIPPED: all browser tests (tests/browser), because ${chromium.why}.`);
  console.log("Set CHROMIUM_PATH to a Chromium to run them.");
  process.exit(0);
}

const run = (command: string, args: string[]) =>
  spawnSync(command, args, {
    stdio: "inherit",
    env: { ...process.env, CHROMIUM_PATH: chromium.path },
    shell: process.platform === "win32",
  }).status ?? 1;

process.exit(
  run("npx", ["vite", "build", "--logLevel", "warn"]) ||
    run("npx", ["playwright", "test", "--config", "tests/browser/playwright.config.ts", ...process.argv.slice(2)]),
);
