/** PF is that of the lowest byte (SDM 1, 3.4.3.1), also where a region finds it in a local that holds a whole value. */
import { expect, test } from "vitest";
import { hashOf, longMachine } from "../machine";

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
/** mov $200000,%ecx; 1: jp 2f; inc %ebx; 2: lea 1(%rdx),%edx; add $0x01010301,%eax; loop 1b; hlt */
const code = hex("b9400d0300 7a02 ffc3 8d5201 0501030101 e2f2 f4");

test("asked for at the head of a loop, behind LOOP", () => {
  const machines = ([false, { threshold: 1, sampleEvery: 500, work: 0 }] as const).map((regions) =>
    longMachine(code, 4, regions),
  );
  for (let at = 9973; at < 30 * 9973; at += 9973) {
    for (const { cpu } of machines) cpu.run(at);
    expect([at, hashOf(machines[1])]).toEqual([at, hashOf(machines[0])]);
  }
  expect(machines[1].cpu.regions!.counts.compiled).toBeGreaterThan(0);
});
