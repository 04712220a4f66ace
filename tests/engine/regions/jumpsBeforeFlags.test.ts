/** A block that jumps (LOOP) before it sets all flags, to one that asks for them: they must be where that one looks. */
import { expect, test } from "vitest";
import { hashOf, legacyMachine } from "../machine";

/** A checksum as boot loaders have it. 1: lodsb; xor %al,%bl; mov $8,%cx; 2: rcr %ebx; jae 3f; xor $0xedb88320,%ebx; 3: loop 2b; cmp %esi,%edx; jne 1b; hlt */
const checksum = "ac 30c3 b90800 66d1db 7307 6681f32083b8ed e2f2 6639f2 75e7 f4";
const bytes = Uint8Array.from(Buffer.from(checksum.replaceAll(" ", ""), "hex"));
const flat = { base: 0x10_0000, limit: 0xffff_ffff };

test.each([997, 613])("flags at the end of every %i ticks", (portion) => {
  const machines = ([false, { threshold: 1, sampleEvery: 500, work: 0 }] as const).map((regions) => {
    const machine = legacyMachine(bytes, 16, regions, flat);
    for (let n = 0; n < 0x2000; n++) machine.cpu.ram[flat.base + 0x1000 + n] = (n * 7919) >> 3;
    machine.state.set64("registers", 0x1000n, 6);
    machine.state.set64("registers", 0x3000n, 2);
    return machine;
  });
  for (let at = portion; at < 60 * portion; at += portion) {
    for (const { cpu } of machines) cpu.run(at);
    expect(hashOf(machines[1])).toBe(hashOf(machines[0]));
  }
  expect(machines[1].cpu.regions!.counts.compiled).toBeGreaterThan(0);
});
