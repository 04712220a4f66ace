/** The address bar is the experiment. */
import { expect, test, type Page } from "@playwright/test";
import { builtinScenarios } from "../../src/scenario/builtin";
import { encodeLink } from "../../src/scenario/link";
import { command, lastRows, openAtPrompt, panel, press, prompt } from "./visitor";

/** The Programs go on writing while a command does. */
const ownLines = (rows: readonly string[]) => rows.filter((row) => !/^Process \d+:/.test(row));

test("the address bar reopens the same run: programs, settings and inputs so far", async ({ page, context }) => {
  await openAtPrompt(page);
  const output = ownLines(await command(page, "mem"));
  await expect.poll(() => page.url().length).toBeGreaterThan(200);
  await page.waitForTimeout(600);
  const link = page.url();
  const other = await context.newPage();
  await other.goto(link);
  await expect.poll(async () => (await lastRows(other)).includes("herald> mem"), { timeout: 20_000 }).toBe(true);
  await prompt(other);
  const rows = await lastRows(other);
  expect(ownLines(rows.slice(rows.lastIndexOf("herald> mem") + 1, -1))).toEqual(output);
});

test("a link made with another build of Herald opens and says that the run may differ", async ({ page }) => {
  const scenario = builtinScenarios[0];
  const fragment = `#${encodeLink({ scenario, inputs: [], herald: "0123456789abcdef" })}`;
  await openAtPrompt(page, fragment);
  await expect(page.getByRole("alert")).toContainText("another build of Herald (01234567");
  await page.getByRole("button", { name: "Dismiss notice" }).click();
  // The address is this run's now: opened again, there is nothing to say.
  await expect.poll(() => new URL(page.url()).hash).not.toBe(fragment);
  await page.reload();
  await prompt(page);
  await expect(page.getByRole("alert")).toHaveCount(0);
});

test("a long replay shows how far it is, and can be stopped", async ({ page }) => {
  const input = { kind: "key", tick: 6_000_000_000, code: "KeyA", down: true } as const;
  await page.goto(`./#${encodeLink({ scenario: builtinScenarios[0], inputs: [input] })}`);
  const progress = page.getByRole("progressbar", { name: "Replay" });
  await expect(progress).toBeVisible();
  await expect.poll(() => progress.getAttribute("value").then(Number)).toBeGreaterThan(0);
  await page.getByRole("button", { name: "Stop here" }).click();
  await expect(progress).toHaveCount(0);
  const clock = page.getByRole("group", { name: "Clock" });
  await expect(clock).toContainText("paused");
  await press(page, "Run");
  await expect(clock).toContainText("running");
});

for (const [what, fragment] of [
  ["damaged", "#1.notbase64!!"],
  ["of another version", "#77.AAAA"],
  ["hostile", "#1.PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg"],
  ["oversized", `#1.${"A".repeat(600_000)}`],
] as const) {
  test(`a link that is ${what} opens the default scenario and says what was wrong`, async ({ page }) => {
    await openAtPrompt(page, fragment);
    await expect(page.getByText(/The link (is|has|unpacks|holds)/).first()).toBeVisible();
  });
}

/** Kills the filter as the guide proposes: the alarm says so, and the others go on. */
async function services(page: Page): Promise<void> {
  const rows = panel(page, "Processes").locator("tbody tr");
  await expect(rows.filter({ hasText: "filter" })).toHaveCount(1);
  await page.getByRole("group", { name: "Commands to try" }).getByRole("button", { name: "kill 8" }).click();
  await expect.poll(() => lastRows(page)).toContain("thermostat: filter has ended; it starts again in 3 seconds");
  await expect(rows.filter({ hasText: "filter" })).toHaveCount(0);
  await expect(rows.filter({ hasText: "heater" })).toHaveCount(1);
  await expect.poll(() => lastRows(page), { timeout: 20_000 }).toContain("ALARM: no temperature comes any more");
}

test("each built-in scenario can be picked", async ({ page }) => {
  await openAtPrompt(page);
  for (const { title, run } of [...builtinScenarios.slice(1), builtinScenarios[0]]) {
    await page.getByRole("tab", { name: "Scenarios" }).first().click();
    await panel(page, "Scenarios").getByRole("button", { name: title }).first().click();
    await expect(page.locator("header.top")).toContainText(title);
    await expect.poll(() => lastRows(page), { timeout: 20_000 }).toContain("herald>");
    if (run.includes("thermostat")) await services(page);
  }
});

test("Program text with errors shows them by line and runs nothing; mended, it runs", async ({ page }) => {
  await openAtPrompt(page);
  await page.getByRole("tab", { name: "Programs" }).first().click();
  const programs = panel(page, "Programs");
  const editor = programs.locator(".cm-content");
  await editor.click();
  await page.keyboard.press("Control+A");
  await page.keyboard.type('say "Hello"\nhopp 3\n');
  await expect(programs).toContainText(/2.*"hopp" is not an instruction/);
  const run = programs.getByRole("button", { name: "Run programs" });
  if (await run.isEnabled()) await run.click();
  expect((await lastRows(page)).join("\n")).not.toContain("Hello");
  await editor.click();
  await page.keyboard.press("Control+A");
  await page.keyboard.type('say "Hello"\nexit 0\n');
  await run.click();
  await expect.poll(async () => (await lastRows(page)).join("\n"), { timeout: 20_000 }).toContain("Process 1: Hello");
  await press(page, "Pause");
});

test("a file that is not an image gets a clear message and loses nothing", async ({ page }) => {
  await openAtPrompt(page);
  const transfer = await page.evaluateHandle(() => {
    const data = new DataTransfer();
    data.items.add(new File(["not a disk"], "notes.txt", { type: "text/plain" }));
    return data;
  });
  await page.dispatchEvent("[aria-label=Console]", "dragover", { dataTransfer: transfer });
  await page.dispatchEvent("[aria-label=Console]", "drop", { dataTransfer: transfer });
  await expect(page.getByText(/notes\.txt.*512/s).first()).toBeVisible();
  await command(page, "help");
});
