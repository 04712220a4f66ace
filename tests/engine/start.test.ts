/** The start that builds carry is the one that the sources make. */
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { PreparedStart } from "../../src/engine/handlers/prepared";
import { shapeKey } from "../../src/engine/handlers/shape";
import type { X86Cpu } from "../../src/engine/cpu";
import { prepareStart, readStart, startFor } from "../../src/engine/handlers/start";
import { defaultHandlerOptions } from "../../src/engine/handlers/surroundings";
import { usualShapes } from "../../src/engine/handlers/usual";
import { preparedHandlers } from "../../vite.prepared";

const carried = prepareStart();
const disk = readFileSync("public/herald.img");

afterEach(() => {
  vi.doUnmock("../../src/engine/handlers/prepared");
  vi.resetModules();
});

/** Herald's boot into its first processes, in a machine that starts with this. */
async function boot(prepared: PreparedStart | undefined) {
  vi.resetModules();
  vi.doMock("../../src/engine/handlers/prepared", () => ({ prepared }));
  const { Pc } = await import("../../src/pc/pc");
  const pc = new Pc({ disk });
  pc.run(3_000_000);
  return { hash: pc.hash(), ...(pc.cpu as X86Cpu).library.counts };
}

describe("a prepared start", () => {
  it("gives every usual shape the handler that the sources give it", () => {
    const read = readStart(carried);
    const made = startFor(defaultHandlerOptions);
    expect(read.catalogue.size).toBe(made.catalogue.size);
    for (const shape of usualShapes()) {
      expect(read.catalogue.resolve(shape), shapeKey(shape)).toEqual(made.catalogue.resolve(shape));
    }
    expect(read.catalogue.takePending()).toEqual([]);
    expect(read.catalogue.toText()).toEqual(made.catalogue.toText());
    expect(WebAssembly.Module.imports(read.usual)).toEqual(WebAssembly.Module.imports(made.usual));
    expect(WebAssembly.Module.exports(read.base)).toEqual(WebAssembly.Module.exports(made.base));
  });

  it("boots to the same state, with the same handlers", async () => {
    expect(await boot(carried)).toEqual(await boot(undefined));
  });

  it("is what a build puts in the place of the empty one", async () => {
    const { load } = preparedHandlers();
    const { handler } = load as { handler(this: unknown): Promise<string> };
    expect(await handler.call(undefined)).toBe(`export const prepared = ${JSON.stringify(carried)};`);
  });
});
