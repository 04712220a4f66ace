/** What a person does on the page, in words. */
import { expect, type Locator, type Page } from "@playwright/test";

export const panel = (page: Page, name: string): Locator => page.getByRole("region", { name, exact: true });

/** Opens the page at this address and waits for the shell. */
export async function openAtPrompt(page: Page, fragment = ""): Promise<void> {
  await page.goto(`./${fragment}`);
  await prompt(page);
}

/** Everything COM1 has said, by the console's Copy button's own source: the transcript. */
export async function transcript(page: Page): Promise<string> {
  await panel(page, "Console").getByRole("button", { name: "Copy" }).click();
  return page.evaluate(() => navigator.clipboard.readText());
}

/** Waits until the last line of the console is the prompt. */
export async function prompt(page: Page): Promise<void> {
  await expect.poll(async () => (await lastRows(page)).at(-1)?.trim(), { timeout: 20_000 }).toBe("herald>");
}

/** The rows of the terminal that have text. */
export async function lastRows(page: Page): Promise<string[]> {
  const rows = await panel(page, "Console").locator(".xterm-rows > div").allTextContents();
  return rows.map((row) => row.replaceAll("\u00a0", " ").trimEnd()).filter((row) => row !== "");
}

/** Types a command at the prompt and returns the lines it printed. */
export async function command(page: Page, text: string): Promise<string[]> {
  await panel(page, "Console").locator(".xterm").click();
  await page.keyboard.type(text, { delay: 20 });
  await expect.poll(async () => (await lastRows(page)).at(-1)).toBe(`herald> ${text}`);
  await page.keyboard.press("Enter");
  await prompt(page);
  const rows = await lastRows(page);
  const at = rows.findLastIndex((row) => row === `herald> ${text}`);
  return rows.slice(at + 1, -1);
}

export const press = (page: Page, name: string): Promise<void> =>
  panel(page, "Machine").getByRole("button", { name, exact: true }).click();
