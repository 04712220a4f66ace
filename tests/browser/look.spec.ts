/** The page as such: accessible, nothing sticks out, and no request leaves the site. */
import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "@playwright/test";
import { openAtPrompt, panel } from "./visitor";

const layouts = [
  { name: "wide, dark", width: 1600, height: 1000, scheme: "dark" },
  { name: "wide, light", width: 1280, height: 800, scheme: "light" },
] as const;

for (const { name, width, height, scheme } of layouts) {
  test(`${name}: axe finds nothing, nothing overflows`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height });
    await openAtPrompt(page);
    const { violations } = await new AxeBuilder({ page }).exclude(".xterm").analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`)).toEqual([]);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
  });
}

test("narrow: one column, every panel can be reached, nothing overflows", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto("./");
  const tabs = page.getByRole("tab");
  await expect.poll(() => tabs.count()).toBeGreaterThan(4);
  for (const tab of await tabs.all()) {
    if (!(await tab.isVisible())) continue;
    await tab.click();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow, await tab.innerText()).toBeLessThanOrEqual(0);
  }
});

test("the keyboard leaves the console: Esc, then Tab", async ({ page }) => {
  await openAtPrompt(page);
  await panel(page, "Console").locator(".xterm").click();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Tab");
  const inside = await page.evaluate(() => document.activeElement?.closest(".xterm") !== null);
  expect(inside).toBe(false);
});

test("no request leaves the page's own site", async ({ page, baseURL }) => {
  const foreign: string[] = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(baseURL!) && !/^(data|blob):/.test(request.url())) foreign.push(request.url());
  });
  await openAtPrompt(page);
  expect(foreign).toEqual([]);
});
