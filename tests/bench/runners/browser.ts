/** A page of a browser of its own, at rest, for one measurement. */
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { chromium, type Page, type Route } from "@playwright/test";

/** No server: what the page asks for under this address is answered by `answer`. */
export const ORIGIN = "http://bench.invalid/";

/** What a browser does when it has just been started (its other processes, caches) takes some 40 ms from what is measured meanwhile. */
const SETTLING_MS = 1500;

export async function launch(executablePath: string) {
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
}

export async function inFreshPage<Result>(
  executablePath: string,
  answer: (route: Route) => Promise<void>,
  work: (page: Page) => Promise<Result>,
): Promise<Result> {
  const browser = await launch(executablePath);
  try {
    const page = await browser.newPage();
    await page.context().route(`${ORIGIN}**`, answer);
    await page.goto(ORIGIN);
    await page.waitForTimeout(SETTLING_MS);
    return await work(page);
  } finally {
    await browser.close();
  }
}

/** What a bundled worker answers to a request with an image. */
export function askWorker<Answer>(
  executablePath: string,
  script: string,
  { image, ...request }: { readonly image: Uint8Array },
): Promise<Answer | { readonly failed: string }> {
  const answer = (route: Route) => {
    const path = basename(new URL(route.request().url()).pathname);
    if (!path.endsWith(".mjs")) return route.fulfill({ contentType: "text/html", body: "<!doctype html>" });
    return route.fulfill({ contentType: "text/javascript", body: readFileSync(join(dirname(script), path), "utf8") });
  };
  const address = ORIGIN + basename(script);
  return inFreshPage(executablePath, answer, (page) =>
    page.evaluate(
      ([address, bytes, request]) =>
        new Promise<Answer | { readonly failed: string }>((resolve) => {
          const worker = new Worker(address, { type: "module" });
          worker.onmessage = (event: MessageEvent<Answer>) => resolve(event.data);
          worker.onerror = (event) => resolve({ failed: event.message || "the worker did not load" });
          worker.postMessage({ ...request, image: Uint8Array.from(bytes) });
        }),
      [address, Array.from(image), request] as const,
    ),
  );
}
