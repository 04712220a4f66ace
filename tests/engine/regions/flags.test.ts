/** The locals of flags hold what expressions say, also where SF and PF do not come from one value (SDM 1, 3.4.3.1). */
import { expect, test } from "vitest";
import { RegionCode } from "../../../src/engine/regions/code";
import { flagLocals, pushFlag, storeFlagLocals } from "../../../src/engine/regions/flags";
import type { StatusFlag } from "../../../src/engine/regions/status";
import { op } from "../../../src/engine/wasm/code";
import { type Expression, msb, parity, type Width } from "../../../src/isa/expression";
import { compileCode, operand } from "../compile";

/** Bit 0: SF, bit 1: PF. */
function signAndParity(sf: Expression, pf: Expression) {
  const code = new RegionCode(3);
  const values = new Map<StatusFlag, Expression>([
    ["sf", sf],
    ["pf", pf],
  ]);
  return compileCode(code, (lowering) => {
    const locals = flagLocals(code);
    storeFlagLocals(code, lowering, locals, values);
    pushFlag(code, locals, "sf");
    pushFlag(code, locals, "pf");
    code.i32(1).op(op.i32Shl, op.i32Or, op.i64ExtendI32U);
  });
}

const isEven = (value: bigint) =>
  [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (value >> BigInt(bit)) & 1n).length % 2 === 0;
const values = [0n, 1n, 2n, 3n, 0x7fn, 0x80n, 0x81n, 0x1_0180n, 0x8000n, 0x8001n, 0x8000_0000n, 0x8000_0003n, -1n, -2n];

test.each([8, 16, 32, 64] as const)("of %i bits", (width: Width) => {
  const unsigned = (value: bigint) => BigInt.asUintN(width, value);
  const [a, b] = [operand(0, width), operand(1, width)];
  const [same, apart] = [signAndParity(msb(a), parity(a)), signAndParity(msb(a), parity(b))];
  for (const x of values)
    for (const y of values) {
      const sign = BigInt.asIntN(width, x) < 0n ? 1n : 0n;
      const of = (value: bigint) => sign | (isEven(value) ? 2n : 0n);
      expect([x, y, same(unsigned(x), 0n, 0n)]).toEqual([x, y, of(x)]);
      expect([x, y, apart(unsigned(x), unsigned(y), 0n)]).toEqual([x, y, of(y)]);
    }
});
