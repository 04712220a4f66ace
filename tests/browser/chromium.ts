/** Finds a Chromium for the browser tests, or installs one: Debian's package where there is apt, Playwright's own elsewhere. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chromium } from "@playwright/test";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

function onPath(): string | undefined {
  for (const name of names) {
    const found = spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" });
    if (found.status === 0) return found.stdout.trim();
  }
  return undefined;
}

function playwrightsOwn(): string | undefined {
  const path = chromium.executablePath();
  return path && existsSync(path) ? path : undefined;
}

function find(): string | undefined {
  return process.env.CHROMIUM_PATH ?? onPath() ?? playwrightsOwn();
}

/** The path of a Chromium, or why there is none. */
export function provideChromium(): { path: string } | { why: string } {
  const present = find();
  if (present) return { path: present };
  const isRootOnDebian = existsSync("/usr/bin/apt-get") && process.getuid?.() === 0;
  const command = isRootOnDebian
    ? "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium"
    : "npx playwright install chromium";
  console.log(`No Chromium found; installing one: ${command}`);
  const installed = spawnSync(command, { shell: true, stdio: "inherit", timeout: 15 * 60_000 });
  const path = find();
  if (path) return { path };
  return { why: `no Chromium was found, and "${command}" did not provide one (exit status ${installed.status})` };
}
