/** Medians, ratios and tables of the benchmark. */
import type { Measurements, Row } from "./results";

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

export const geometricMean = (values: readonly number[]): number =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

/** Cold, or when what runs has translated all it will. */
type When = "ms" | "steady";

/** Two runners, the one's time over the other's. */
export interface Pair {
  readonly name: string;
  readonly reference: string;
  readonly when?: When;
}

/** Each round with itself, and the medians; undefined where one of them is missing. */
export function ratio(row: Row, { name, reference, when = "ms" }: Pair): { median: number; all: number[] } | undefined {
  const [above, below] = [row.runs[name]?.[when], row.runs[reference]?.[when]];
  if (!above?.length || !below?.length) return undefined;
  const rounds = Math.min(above.length, below.length);
  const all = Array.from({ length: rounds }, (_, round) => above[round] / below[round]);
  return { median: median(above) / median(below), all };
}

export function meanRatio(rows: readonly Row[], pair: Pair): number | undefined {
  const ratios = rows.map((row) => ratio(row, pair)?.median).filter((value) => value !== undefined);
  return ratios.length ? geometricMean(ratios) : undefined;
}

function time(row: Row, name: string): string {
  const run = row.runs[name];
  if (!run?.ms.length) return "—";
  const middle = median(run.ms);
  const spread = Math.max(...run.ms.map((ms) => Math.abs(ms - middle))) / middle;
  const digits = middle < 100 ? 1 : 0;
  return `${middle.toFixed(digits)} ±${(spread * 100).toFixed(0)}%`;
}

function speed(row: Row, name: string): string {
  const run = row.runs[name];
  return run?.ms.length && run.instructions ? (run.instructions / median(run.ms) / 1000).toFixed(0) : "—";
}

function compared(row: Row, pair: Pair): string {
  const found = ratio(row, pair);
  if (!found) return "—";
  const { median, all } = found;
  const range = all.length > 1 ? ` (${Math.min(...all).toFixed(2)}–${Math.max(...all).toFixed(2)})` : "";
  return `${median.toFixed(2)}${range}`;
}

/** A mean over fewer workloads than there are says so. */
function meanCell(rows: readonly Row[], pair: Pair): string {
  const mean = meanRatio(rows, pair);
  if (mean === undefined) return "—";
  const measured = rows.filter((row) => ratio(row, pair)).length;
  return mean.toFixed(2) + (measured < rows.length ? ` (${measured} of ${rows.length})` : "");
}

type Column = readonly [title: string, cell: (row: Row) => string, mean?: (rows: readonly Row[]) => string];

function table(rows: readonly Row[], columns: readonly Column[]): string {
  const cells = [
    ["workload", ...columns.map(([title]) => title)],
    ...rows.map((row) => [row.name, ...columns.map(([, cell]) => cell(row))]),
    ["geometric mean", ...columns.map(([, , mean]) => (mean ? mean(rows) : ""))],
  ];
  const widths = cells[0].map((_, column) => Math.max(...cells.map((line) => line[column].length)));
  const line = (texts: readonly string[]) =>
    `| ${texts.map((text, column) => (column ? text.padStart(widths[column]) : text.padEnd(widths[column]))).join(" | ")} |`;
  const rule = `| ${widths.map((width, column) => (column ? `${"-".repeat(width - 1)}:` : "-".repeat(width))).join(" | ")} |`;
  return [line(cells[0]), rule, ...cells.slice(1).map(line)].join("\n");
}

const timeOf = (title: string, name: string): Column => [title, (row) => time(row, name)];
const speedOf = (title: string, name: string): Column => [title, (row) => speed(row, name)];
const ratioOf = (title: string, name: string, reference: string, when: When = "ms"): Column => [
  title,
  (row) => compared(row, { name, reference, when }),
  (rows) => meanCell(rows, { name, reference, when }),
];

/** The whole result as Markdown. Columns of what did not run at all are left out. */
export function markdown({ machine, rounds, rows, missing }: Measurements): string {
  const ran = (name: string) => rows.some((row) => row.runs[name]?.ms.length);
  const keep = (columns: readonly (readonly [needs: readonly string[], column: Column])[]) =>
    columns.filter(([needs]) => needs.every(ran)).map(([, column]) => column);
  const of = (bits: number) => rows.filter((row) => row.bits === bits);
  const columns64 = keep([
    [["native"], timeOf("native", "native")],
    [["qemu"], timeOf("QEMU TCG", "qemu")],
    [["node interpreter"], timeOf("interpreter, Node", "node interpreter")],
    [["node interpreter"], speedOf("MIPS", "node interpreter")],
    [["chromium interpreter"], timeOf("interpreter, Chromium", "chromium interpreter")],
    [["node regions"], timeOf("regions, Node", "node regions")],
    [["node regions"], speedOf("MIPS", "node regions")],
    [["chromium regions"], timeOf("regions, Chromium", "chromium regions")],
    [["node regions", "qemu"], ratioOf("Node / QEMU", "node regions", "qemu")],
    [["chromium regions", "qemu"], ratioOf("Chromium / QEMU", "chromium regions", "qemu")],
    [["node regions", "qemu"], ratioOf("steady: Node / QEMU", "node regions", "qemu", "steady")],
    [["chromium regions", "qemu"], ratioOf("steady: Chromium / QEMU", "chromium regions", "qemu", "steady")],
  ]);
  const columns32 = keep([
    [["qemu"], timeOf("QEMU TCG", "qemu")],
    [["v86"], timeOf("v86, Node", "v86")],
    [["node regions"], timeOf("regions, Node", "node regions")],
    [["node regions"], speedOf("MIPS", "node regions")],
    [["node regions", "qemu"], ratioOf("Node / QEMU", "node regions", "qemu")],
    [["v86", "node regions"], ratioOf("v86 / ours, Node", "v86", "node regions")],
    [["chromium v86"], timeOf("v86, Chromium", "chromium v86")],
    [["chromium regions"], timeOf("regions, Chromium", "chromium regions")],
    [["chromium v86", "chromium regions"], ratioOf("v86 / ours, Chromium", "chromium v86", "chromium regions")],
    [["v86", "node regions"], ratioOf("steady: v86 / ours, Node", "v86", "node regions", "steady")],
    [
      ["chromium v86", "chromium regions"],
      ratioOf("steady: v86 / ours, Chromium", "chromium v86", "chromium regions", "steady"),
    ],
  ]);
  const host = `${machine.cpu}, ${machine.cores} cores`;
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`);
  return [
    `Milliseconds, median of ${rounds} with the greatest deviation; MIPS are millions of guest instructions a second; the interpreter ran a fifth of the rounds, and its times are scaled. Steady: as many rounds again in the same run, by when all is translated. ${host}; ${versions.join("; ")}.`,
    ...(of(64).length ? [`64 bits:\n\n${table(of(64), columns64)}`] : []),
    ...(of(32).length ? [`The 32-bit twins:\n\n${table(of(32), columns32)}`] : []),
    ...missing.map((sentence) => `Missing: ${sentence}.`),
  ].join("\n\n");
}

/** The table between the README's marks. */
export function insert(readme: string, text: string, name = "bench"): string {
  const marks = new RegExp(`(<!-- ${name} -->)[^]*(<!-- /${name} -->)`);
  if (!marks.test(readme))
    throw new Error(`README.md has no <!-- ${name} --> and <!-- /${name} --> to put the table between`);
  return readme.replace(marks, (_, open: string, close: string) => `${open}\n\n${text}\n\n${close}`);
}
