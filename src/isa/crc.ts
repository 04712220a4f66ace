/** CRC32: the checksum of iSCSI (polynomial 11EDC6F41h, bits in reverse order). */
import { bit, constant, type Expression, low, select, shr, xor, zext } from "./expression";
import { instruction } from "./notation";

const POLYNOMIAL = 0x82f6_3b78;
/** What one bit of the checksum has become after so many bits of data. */
function carried(from: number, steps: number): number {
  let value = 2 ** from;
  for (let step = 0; step < steps; step++) value = (value >>> 1) ^ (value & 1 ? POLYNOMIAL : 0);
  return value >>> 0;
}

/** The checksum after data of up to 32 bits: division in GF(2) is linear, so each bit has a share of its own. */
function checksum(before: Expression, data: Expression): Expression {
  const bits = data.width;
  const mixed = xor(before, zext(32, data));
  let sum = bits === 32 ? constant(32, 0) : shr(mixed, constant(32, bits));
  for (let n = 0; n < bits; n++) {
    const share = constant(32, carried(n, bits));
    sum = xor(sum, select(bit(mixed, n), share, constant(32, 0)));
  }
  return sum;
}

for (const form of ["F2 0F 38 F0 /r Gy,Eb", "F2 0F 38 F1 /r Gy,Ev"]) {
  instruction("crc32", {
    forms: [form],
    operands: { dst: "readwrite", src: "read" },
    result: ({ dst, src }) => {
      const before = low(32, dst);
      if (src.width < 64) return zext(dst.width, checksum(before, src));
      const half = checksum(before, low(32, src));
      return zext(64, checksum(half, low(32, shr(src, constant(64, 32)))));
    },
    section: "SDM 2A CRC32",
    text: "Goes on with a checksum by the source's bits.",
  });
}
