import { readFileSync } from "node:fs";
import { deflateSync, inflateSync } from "fflate";
import { describe, expect, it } from "vitest";
import { CapsuleError, seal, unseal, withHead } from "../../src/pc/capsule";
import { Pc } from "../../src/pc/pc";

const file = (path: string) => readFileSync(new URL(path, import.meta.url));
const herald = file("../../public/herald.img");
const chips = file("guests/chips.bin");

/** The same file with one thing in its description changed, and right sums. */
function resealed(kept: Uint8Array, key: string, value: unknown): Uint8Array {
  const plain = inflateSync(kept.subarray(16));
  const length = new DataView(plain.buffer).getUint32(0, true);
  const text = new TextDecoder().decode(plain.subarray(4, 4 + length));
  const changed = { ...(JSON.parse(text) as object), [key]: value };
  const bytes = new TextEncoder().encode(JSON.stringify(changed));
  const size = new Uint8Array(new Uint32Array([bytes.length]).buffer);
  return withHead(deflateSync(Uint8Array.from([...size, ...bytes, ...plain.subarray(4 + length)])));
}

describe("a machine in a file", () => {
  it.each([
    ["Herald while it boots", herald, 64, [3_000_001, 60_000_000]],
    ["a guest that uses the chips", chips, 16, [200_000, 1_500_000]],
  ])("%s goes on as if nothing had happened", (_, disk, memoryMiB, instants) => {
    const pc = new Pc({ disk, memoryMiB, mhz: 50 });
    let other = new Pc({ disk, memoryMiB, mhz: 50 });
    for (const tick of instants) {
      pc.run(tick);
      other.run(tick);
      const kept = seal(other);
      other = unseal(kept, { disk });
      expect(other.clock).toBe(pc.clock);
      expect(other.hash()).toBe(pc.hash());
      expect(Buffer.compare(seal(other), kept)).toBe(0);
    }
    pc.run(100_000_000);
    other.run(100_000_000);
    expect(other.hash()).toBe(pc.hash());
    expect(other.statistics().idleTicks).toBe(pc.statistics().idleTicks);
  });

  it("goes on in another tier than it was kept in", () => {
    const tiers = [false, true, false, { threshold: 0 }];
    const pc = new Pc({ disk: herald });
    pc.run(70_000_000);
    let other = new Pc({ disk: herald, regions: true });
    [9_999_999, 25_000_000, 40_000_001, 69_000_000].forEach((tick, index) => {
      other.run(tick);
      other = unseal(seal(other), { disk: herald, regions: tiers[index] });
    });
    other.run(70_000_000);
    expect(other.hash()).toBe(pc.hash());
  });

  it("keeps what was written to both disks, and not the disks", () => {
    const disk = new Uint8Array(512 * 1000).fill(7);
    const pc = new Pc({ disk, secondDisk: disk });
    for (const slave of [0, 1]) {
      const out = (port: number, value: number) => pc.board.portWrite(port, 1, value);
      out(0x1f6, 0xe0 | (slave << 4));
      [1, 5 + slave, 0, 0].forEach((value, index) => out(0x1f2 + index, value));
      out(0x1f7, 0x30);
      for (let word = 0; word < 256; word++) pc.board.portWrite(0x1f0, 2, 0x1234);
    }
    const kept = seal(pc);
    expect(kept.length).toBeLessThan(30_000);
    const other = unseal(kept, { disk, secondDisk: disk });
    expect(other.hash()).toBe(pc.hash());
    expect(() => unseal(kept, { disk })).toThrow(CapsuleError);
    const changed = disk.slice();
    changed[999] = 8;
    expect(() => unseal(kept, { disk, secondDisk: changed })).toThrow("disk 2 is not the image");
  });

  it("says what is wrong with a file", () => {
    const kept = seal(new Pc({ disk: chips, memoryMiB: 16 }));
    const attempt = (bytes: Uint8Array) => () => unseal(bytes, { disk: chips });
    expect(attempt(new Uint8Array(100))).toThrow("it is not a snapshot");
    expect(attempt(kept.subarray(0, 12))).toThrow("it is cut short");
    expect(attempt(kept.subarray(0, kept.length - 1))).toThrow("it is cut short");
    const flipped = kept.slice();
    flipped[500] ^= 1;
    expect(attempt(flipped)).toThrow("its checksum is wrong");
    // Sound outside, and nonsense inside.
    expect(attempt(resealed(kept, "memoryMiB", 8))).toThrow("it is damaged: memory is 16 to 256 MiB");
    expect(attempt(resealed(kept, "pages", [1 << 20]))).toThrow(CapsuleError);
    expect(attempt(resealed(kept, "cpu", {}))).toThrow("it says nothing of the CPU's");
    expect(attempt(resealed(kept, "parts", {}))).toThrow(CapsuleError);
    const newer = kept.slice();
    newer[7] = 0x32;
    expect(attempt(newer)).toThrow("another version (2, not 1)");
  });
});
