/** Whatever happens, an entry of the lookaside says what a walk would say: random accesses, changes of tables and the flushes they owe. */
import { expect, it } from "vitest";
import { LOOKASIDE_ENTRIES, RAM, lookasideTable } from "../../../src/engine/areas";
import { createMachine, DEVICE_PAGE, enterLong, identityMap, ROM_PAGE, TABLES } from "./machine";

const EMPTY = 0xffff_ffff;
/** Pages that the game is played with: linear pages 0x200.., physical frames from this list. */
const PAGES = 8;
const FRAMES = [0x5_0000, 0x5_1000, 0x5_2000, 0x20_0000, ROM_PAGE, DEVICE_PAGE];

/** A small linear congruential generator (Numerical Recipes): the same game every time. */
function dice(seed: number): (sides: number) => number {
  return (sides) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * sides);
  };
}

it("agrees with the walk after every step", () => {
  const m = createMachine();
  const leaves = enterLong(m);
  m.call("writeControl", 0, 0xe001_0011);
  m.call("writeControl", 4, 0xa0);
  const roll = dice(7);
  const { u32 } = m.state;
  const entryAt = (page: number) => leaves + 8 * (0x200 + page);
  const linearOf = (page: number) => 0x20_0000 + page * 0x1000;
  let live = 0;

  const checkEntry = (user: boolean, write: boolean, slot: number) => {
    const at = (lookasideTable(user, write) + slot * 16) >>> 2;
    if (u32[at] === EMPTY) return;
    live++;
    const guarded = (u32[at] & 1) !== 0;
    const linear = u32[at] - (guarded ? 1 : 0);
    const host = (linear + u32[at + 2]) >>> 0;
    const found = m.system.translate(BigInt(linear), write ? "write" : "read", user);
    expect({ linear, user, write, host }).toEqual({ linear, user, write, host: RAM + (found ?? -1) });
    if (!write) return;
    if (m.codePages.has(found! >>> 12)) expect(guarded).toBe(true);
    expect([ROM_PAGE, DEVICE_PAGE]).not.toContain(found! & ~0xfff);
    expect(m.ram.getUint32(leaves + 8 * (linear >>> 12), true) & 0x40).toBe(0x40);
  };
  const checkAll = () => {
    for (const user of [false, true])
      for (const write of [false, true]) for (let i = 0; i < PAGES; i++) checkEntry(user, write, 0x200 + i);
  };
  const privilege = (cpl: number) => {
    m.set("cpl", cpl);
    m.set("segmentAccess", 0xa0_9b00 | (cpl << 13), 1);
    m.system.updateMode();
  };

  for (let step = 0; step < 10_000; step++) {
    const page = roll(PAGES);
    privilege(roll(2) * 3);
    const what = roll(10);
    if (what < 4) m.read(linearOf(page) + roll(0xff0), 8);
    else if (what < 7) m.write(linearOf(page) + roll(0xff0), 4, step);
    else if (what === 7) {
      // A changed entry, and INVLPG.
      m.ram.setUint32(entryAt(page), FRAMES[roll(FRAMES.length)] | roll(8) | (roll(2) << 8), true);
      privilege(0);
      m.call("invalidatePage", linearOf(page) + roll(0x1000));
    } else if (what === 8) {
      // All non-global entries anew, and MOV CR3; all of them, and CR4.PGE off and on.
      const globals = roll(2) === 0;
      for (let i = 0; i < PAGES; i++) {
        const entry = m.ram.getUint32(entryAt(i), true);
        if (globals || !(entry & 0x100)) m.ram.setUint32(entryAt(i), (entry & ~0x67) | roll(8), true);
      }
      privilege(0);
      m.call("writeControl", 3, TABLES);
      if (globals) [0x20, 0xa0].forEach((cr4) => m.call("writeControl", 4, cr4));
    } else {
      const frame = FRAMES[roll(4)] >>> 12;
      if (m.codePages.delete(frame)) continue;
      m.codePages.add(frame);
      m.system.protectPage(frame);
    }
    checkAll();
  }
  expect(live).toBeGreaterThan(10_000);
});

it("holds as many pages as it has entries, and forgets all of them", () => {
  const m = createMachine();
  enterLong(m);
  identityMap(m, 4);
  for (let round = 0; round < 40; round++) {
    for (let page = 0x20; page < 0x400; page++) {
      m.read(page << 12, 1);
      m.write(page << 12, 1, m.ram.getUint8(page << 12));
    }
    m.system.invalidatePage(0x3f_f000n);
  }
  m.system.flushLookaside();
  for (let i = 0; i < 4 * LOOKASIDE_ENTRIES; i++) {
    if (m.state.u32[(lookasideTable(false, false) + i * 16) >>> 2] !== EMPTY) throw new Error(`entry ${i} survived`);
  }
});
