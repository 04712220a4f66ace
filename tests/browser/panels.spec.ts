/** What panels show of a running Herald. */
import { readFileSync } from "node:fs";
import AxeBuilder from "@axe-core/playwright";
import { expect, test, type Locator } from "@playwright/test";
import { command, lastRows, openAtPrompt, panel, press, prompt } from "./visitor";

interface Figures {
  readonly cells: readonly { model: string; way: string; subscribers: number; instructions: number }[];
}

const texts = async (rows: Locator): Promise<string> => (await rows.allTextContents()).join("\n");

test("topics: the kernel's own at first, hidden when there are others", async ({ page }) => {
  await openAtPrompt(page);
  const topics = panel(page, "Topics");
  await expect(topics.getByRole("button", { name: /^topic 1, keyboard/ })).toBeVisible();
  await expect(topics.getByRole("button", { name: "kernel" })).toBeVisible();
  await expect(topics).toContainText("run sensor &");
  await command(page, "sub 300");
  await expect(topics.getByRole("button", { name: /^topic 300/ })).toBeVisible();
  await expect(topics.getByRole("button", { name: /^topic 1, keyboard/ })).toHaveCount(0);
  await topics.getByRole("button", { name: "system" }).click();
  await expect(topics.getByRole("button", { name: /^topic 1, keyboard/ })).toBeVisible();
});

test("timeline: what is shown at first holds console lines, and the table names them", async ({ page }) => {
  await openAtPrompt(page);
  const timeline = panel(page, "Scheduler timeline");
  await timeline.getByRole("button", { name: "table" }).click();
  const rows = timeline.getByRole("table", { name: "Slices in the time shown" }).locator("tbody tr");
  await expect.poll(() => texts(rows), { timeout: 20_000 }).toMatch(/Process \d: Running/);
});

test("memory: every frame has a use and an owner, and the heap its blocks", async ({ page }) => {
  await openAtPrompt(page);
  await page.getByRole("tab", { name: "Memory" }).click();
  const memory = panel(page, "Memory");
  const frames = memory.getByRole("table", { name: "Frames by use and owner" }).locator("tbody tr");
  await expect.poll(() => texts(frames)).toMatch(/user image\s*shell/);
  expect(await texts(frames)).toMatch(/^kernel\s*kernel/m);
  await expect(memory.getByRole("table", { name: "Heap blocks by size" })).toContainText("64 KiB");
  await memory.getByRole("button", { name: "shell" }).first().click();
  const selected = panel(page, "Processes").locator('tr[aria-current="true"]');
  await expect(selected).toContainText("shell");
});

test("boot: each stage has its time, to the shell's first line", async ({ page }) => {
  await openAtPrompt(page);
  await page.getByRole("tab", { name: "Boot" }).click();
  const rows = panel(page, "Boot").locator("tbody tr");
  await expect.poll(() => texts(rows)).toMatch(/shell\s*writes its first line/);
  const all = await rows.allTextContents();
  expect(all[0]).toMatch(/^first sector/);
  for (const stage of ["protected mode", "long mode", "interrupts", "scheduler"])
    expect(all.some((row) => row.startsWith(stage))).toBe(true);
});

test("measured: loaded when asked for, plotted, and there as a table", async ({ page }) => {
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await openAtPrompt(page);
  expect(asked.filter((url) => url.includes("ipc"))).toEqual([]);
  await page.getByRole("button", { name: "Measured" }).click();
  const dialog = page.getByRole("dialog", { name: /^Measured/ });
  await expect(dialog.getByRole("img", { name: /by payload/ })).toBeVisible();
  expect(asked.filter((url) => url.includes("ipc")).length).toBe(1);
  const { violations } = await new AxeBuilder({ page }).include("dialog").analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);
  await dialog.getByText("The same as tables").click();
  await dialog.getByRole("combobox", { name: "Receivers" }).selectOption("64");
  const cells = (JSON.parse(readFileSync(new URL("../bench/ipc.json", import.meta.url), "utf8")) as Figures).cells;
  const broker = cells.filter((one) => one.model === "broker" && one.way === "single" && one.subscribers === 64);
  const row = dialog.getByRole("region", { name: "Table by payload" }).getByRole("row", { name: /^broker/ });
  const shown = await row.getByRole("cell").allTextContents();
  expect(shown.map((text) => Number(text.replace(/\D/g, "")))).toEqual(
    broker.map((one) => Math.round(one.instructions)),
  );
});

test("console: Ctrl+F finds, Escape returns to the machine", async ({ page }) => {
  await openAtPrompt(page);
  const console = panel(page, "Console");
  await console.locator(".xterm").click();
  await page.keyboard.press("Control+f");
  const field = console.getByRole("textbox", { name: "Find in the console" });
  await expect(field).toBeFocused();
  await field.pressSequentially("kernel in the higher");
  await expect(console.getByRole("search")).toContainText("1 of 1");
  await field.fill("no such text");
  await expect(console.getByRole("search")).toContainText("nothing");
  await page.keyboard.press("Escape");
  await expect(field).toHaveCount(0);
  await page.keyboard.type("help", { delay: 20 });
  await expect.poll(async () => (await lastRows(page)).at(-1)).toBe("herald> help");
});

test("on a phone a command is a tap", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto("./");
  await prompt(page);
  await panel(page, "Console").getByRole("button", { name: "mem", exact: true }).click();
  await expect.poll(() => lastRows(page)).toContain("herald> mem");
  await prompt(page);
});

test("CPU: at 1280 by 800 six instructions are in sight", async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 800 });
  await openAtPrompt(page);
  await press(page, "Pause");
  const cpu = panel(page, "CPU");
  const body = (await cpu.boundingBox())!;
  const lines = cpu.getByRole("list", { name: "Instructions around RIP" }).getByRole("listitem");
  await expect
    .poll(async () => {
      let inSight = 0;
      for (const line of await lines.all()) {
        const box = await line.boundingBox();
        if (box && box.y + box.height <= body.y + body.height) inSight++;
      }
      return inSight;
    })
    .toBeGreaterThanOrEqual(6);
});
