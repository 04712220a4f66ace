/** The machine under the hand: boot, type, pause, step, look. */
import { expect, test, type Page } from "@playwright/test";
import { command, lastRows, openAtPrompt, panel, press } from "./visitor";

/** Retired instructions as the header shows them. */
async function instructions(page: Page): Promise<number> {
  const text = await page
    .getByText(/^instruction [\d\s\u2009\u202f,]+/)
    .first()
    .textContent();
  return Number(/instruction ([\d\s\u2009\u202f,]+)/.exec(text ?? "")![1].replace(/\D/g, ""));
}

test("boots to the shell, and the process table agrees with ps", async ({ page }) => {
  await openAtPrompt(page);
  const lines = await command(page, "ps");
  const listed = lines
    .map((line) => /^ *(\d+) +\d+ +(\w+) +.*?(\S+)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, pid, kind, name]) => [pid, kind === "idle" ? "kernel" : kind, name]);
  expect(listed.length).toBeGreaterThanOrEqual(2);
  const rows = panel(page, "Processes").locator("tbody tr");
  await expect
    .poll(async () => {
      const shown = [];
      for (const row of await rows.all()) {
        const cell = async (column: string) => ((await row.locator(`td.${column}`).textContent()) ?? "").trim();
        const [kind] = (await cell("kind")).split(" "); // "native · system"
        shown.push([await cell("pid"), kind, await cell("name")]);
      }
      return shown;
    })
    .toEqual(listed);
});

test("pauses, and a step is exactly one instruction", async ({ page }) => {
  await openAtPrompt(page);
  await press(page, "Pause");
  await expect(panel(page, "Machine").getByRole("button", { name: "Step", exact: true })).toBeEnabled();
  const before = await instructions(page);
  await page.waitForTimeout(300);
  expect(await instructions(page)).toBe(before);
  // At the prompt the CPU is usually halted: a step may have to wait for the next interrupt, but never takes more than one.
  await press(page, "Step");
  await expect.poll(() => instructions(page)).toBe(before + 1);
  await press(page, "Step");
  await expect.poll(() => instructions(page)).toBe(before + 2);
  await press(page, "Run");
  await expect.poll(() => instructions(page)).toBeGreaterThan(before + 2);
});

test("a selected process's page walk agrees with the CPU's translation", async ({ page }) => {
  await openAtPrompt(page);
  const row = panel(page, "Processes").locator("tbody tr", { hasText: "shell" });
  await row.click();
  const tables = panel(page, "Page tables");
  await expect(tables).toContainText("shell");
  await press(page, "Pause");
  const address = tables.getByLabel("address", { exact: true });
  await address.fill("400000");
  await expect(tables.locator(".level")).toHaveCount(4);
  await expect(tables.locator(".outcome")).toContainText(/CPU: translates to [0-9A-F ]+ ✓/);
  await address.fill("zz");
  await expect(tables.getByRole("alert")).toBeVisible();
});

test("the past: every panel shows it, a step back is exact, and a key there begins another future", async ({
  page,
}) => {
  await openAtPrompt(page);
  await command(page, "ps");
  await press(page, "Pause");
  await expect(page.getByRole("group", { name: "Clock" })).toContainText("paused");
  await page.waitForTimeout(300); // the terminal writes a little later
  const rows = await lastRows(page);
  const end = await instructions(page);
  const line = page.getByRole("slider", { name: "Recorded time" });
  const box = (await line.boundingBox())!;
  // Power-on is at the left end.
  await page.mouse.click(box.x + 3, box.y + box.height / 2);
  await expect(panel(page, "Processes")).toContainText("No process table yet");
  await expect(page.getByRole("button", { name: /^back to the end/ })).toBeVisible();
  await page.getByRole("button", { name: /^back to the end/ }).click();
  await expect.poll(() => instructions(page)).toBe(end);
  await expect.poll(() => lastRows(page)).toEqual(rows);
  await press(page, "Step back");
  await expect.poll(() => instructions(page)).toBe(end - 1);
  await press(page, "Step");
  await expect.poll(() => instructions(page)).toBe(end);
  // Just before Enter was pressed, something else is typed.
  const link = page.url();
  const typed = await line.evaluate((input: HTMLInputElement) => Number(input.value));
  await line.fill(String(Math.floor((typed * 0.9) / 10_000) * 10_000));
  await press(page, "Run");
  await panel(page, "Console").locator(".xterm").click();
  await page.keyboard.type("x", { delay: 20 });
  await expect(page.getByRole("button", { name: /^back to the end/ })).toHaveCount(0);
  await expect.poll(() => page.url()).not.toBe(link);
});

test("powers off, says so, and powers on again", async ({ page }) => {
  await openAtPrompt(page);
  await press(page, "Power");
  await expect(panel(page, "Processes")).toContainText("Power the machine on");
  await press(page, "Power");
  await openAtPrompt(page);
});

test("Process 1 and Process 2 share the CPU, and the timeline's slices wrote the console's lines", async ({ page }) => {
  await openAtPrompt(page);
  await expect
    .poll(async () => {
      const rows = await lastRows(page);
      return ["Process 1: Running", "Process 2: Running"].every((line) => rows.includes(line));
    })
    .toBe(true);
  await press(page, "Pause");
  const timeline = panel(page, "Scheduler timeline");
  await timeline.getByRole("button", { name: "all", exact: true }).click();
  await timeline.getByRole("button", { name: "table", exact: true }).click();
  const table = timeline.locator("table");
  await expect(table).toContainText("Process 1: Running");
  await expect(table).toContainText("Process 2: Running");
});
