/** INT 15h, AH=53h: Advanced Power Management 1.2, as far as programs in real mode ask for it. */
import { expect, test } from "vitest";
import { Pc } from "../../src/pc/pc";

/** What becomes of a boot sector that sets the power state of a device, then halts with interrupts off. */
function setPowerState(device: number, state: number): unknown {
  const sector = new Uint8Array(512);
  // cli; mov ax, 5307h; mov bx, device; mov cx, state; int 15h; mov al, ah; out e9h, al; cli; hlt
  sector.set([0xfa, 0xb8, 0x07, 0x53, 0xbb, device, 0, 0xb9, state, 0, 0xcd, 0x15, 0x88, 0xe0, 0xe6, 0xe9, 0xfa, 0xf4]);
  sector.set([0x55, 0xaa], 510);
  const told: number[] = [];
  const pc = new Pc({ disk: sector, outputs: { debugConsole: (byte) => told.push(byte) } });
  const { kind } = pc.run(100_000_000);
  return { kind, told };
}
const ALL = 1;

test("state 3 of all devices is off; others are not, or are refused", () => {
  const off = setPowerState(ALL, 3);
  expect(off).toEqual({ kind: "poweredOff", told: [] });
  // Error codes 0Ah, a state that is not there, and 09h, a device that is not.
  expect(setPowerState(ALL, 4)).toMatchObject({ told: [0x0a] });
  expect(setPowerState(ALL, 2)).toMatchObject({ told: [0x53] });
  expect(setPowerState(7, 3)).toMatchObject({ told: [0x09] });
});
