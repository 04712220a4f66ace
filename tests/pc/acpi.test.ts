/** The ACPI tables as a guest finds them; the DSDT against Intel's compiler (acpi/dsdt.asl). */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Pc } from "../../src/pc/pc";

const compiled = Buffer.from(
  readFileSync(new URL("acpi/dsdt.hex", import.meta.url), "latin1").replace(/\s/g, ""),
  "hex",
);
const { ram } = new Pc({ disk: new Uint8Array(0), memoryMiB: 16 }).cpu;
const view = new DataView(ram.buffer, ram.byteOffset);
const text = (at: number, length: number) => Buffer.from(ram.subarray(at, at + length)).toString("latin1");
const sum = (at: number, length: number) =>
  ram.subarray(at, at + length).reduce((total, byte) => total + byte, 0) & 0xff;
const word = (at: number) => view.getUint32(at, true);

/** ACPI 1.0b, 5.2.4.1: on a 16-byte boundary between E0000h and FFFFFh. */
const rsdp = Array.from({ length: 0x2000 }, (_, index) => 0xe0000 + 16 * index).find(
  (at) => text(at, 8) === "RSD PTR ",
)!;
const rsdt = word(rsdp + 16);
const tables = new Map<string, number>();
for (let at = rsdt + 36; at < rsdt + word(rsdt + 4); at += 4) tables.set(text(word(at), 4), word(at));
const fadt = tables.get("FACP")!;
const dsdt = word(fadt + 40);

describe("ACPI", () => {
  it("every table is found from the RSDP and sums to zero", () => {
    expect(sum(rsdp, 20)).toBe(0);
    expect([...tables.keys()]).toEqual(["FACP", "APIC"]);
    for (const table of [rsdt, ...tables.values(), dsdt]) expect(sum(table, word(table + 4))).toBe(0);
    expect([text(rsdt, 4), text(dsdt, 4), text(word(fadt + 36), 4)]).toEqual(["RSDT", "DSDT", "FACS"]);
    expect(word(fadt + 36) % 64).toBe(0);
  });

  it("no two tables overlap", () => {
    const spans = [rsdt, dsdt, word(fadt + 36), ...tables.values()].map((at) => [at, at + word(at + 4)]);
    spans.push([rsdp, rsdp + 20]);
    spans.sort(([a], [b]) => a - b);
    for (let index = 1; index < spans.length; index++)
      expect(spans[index][0]).toBeGreaterThanOrEqual(spans[index - 1][1]);
  });

  it("the DSDT is what Intel's compiler makes of its source", () => {
    const body = (bytes: Uint8Array) => Buffer.from(bytes.subarray(36)).toString("hex");
    expect(body(ram.subarray(dsdt, dsdt + word(dsdt + 4)))).toBe(body(compiled));
  });
});
