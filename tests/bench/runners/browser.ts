/** A page of a browser of its own, at rest, for one measurement. */
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
