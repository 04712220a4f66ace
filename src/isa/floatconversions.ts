/** SSE conversions between integers, singles and doubles. */
import { constant, type Expression, system, type Width } from "./expression";
import { FLOAT32, FLOAT64, INTEGER32, INTEGER64, TRUNCATE } from "./floatcodes";
import { instruction } from "./notation";

/** `from` and `to` are types; `lanes` of them. */
function conversion(name: string, form: string, from: number, to: number, lanes: number, truncates = false): void {
  instruction(name, {
    forms: [form],
    operands: { dst: "write", src: "read" },
    unit: "sse",
    result: ({ dst, src }) => convert(dst.width, src, sized(from, src.width), sized(to, dst.width), lanes, truncates),
    section: `SDM 2A ${name.toUpperCase()}`,
    text: truncates ? "Converts to integers, cutting off fractions." : "Converts between number formats.",
  });
}
/** A general register or its place in memory may be a doubleword or a quadword. */
const GENERAL = -1;
const sized = (type: number, width: Width) => (type !== GENERAL ? type : width === 64 ? INTEGER64 : INTEGER32);
function convert(
  width: Width,
  src: Expression,
  from: number,
  to: number,
  lanes: number,
  truncates: boolean,
): Expression {
  const code = from | (to << 3) | (truncates ? TRUNCATE : 0) | (lanes << 16);
  return system("floatConvert", width, constant(64, code), src);
}

conversion("cvtpi2ps", "NP 0F 2A /r Vq,Qq", INTEGER32, FLOAT32, 2);
conversion("cvtpi2pd", "66 0F 2A /r Vpd,Qq", INTEGER32, FLOAT64, 2);
conversion("cvtsi2ss", "F3 0F 2A /r Vss,Ey", GENERAL, FLOAT32, 1);
conversion("cvtsi2sd", "F2 0F 2A /r Vsd,Ey", GENERAL, FLOAT64, 1);
for (const [name, opcode, truncates] of [
  ["cvtt", "2C", true],
  ["cvt", "2D", false],
] as const) {
  conversion(`${name}ps2pi`, `NP 0F ${opcode} /r Pq,Wq`, FLOAT32, INTEGER32, 2, truncates);
  conversion(`${name}pd2pi`, `66 0F ${opcode} /r Pq,Wpd`, FLOAT64, INTEGER32, 2, truncates);
  conversion(`${name}ss2si`, `F3 0F ${opcode} /r Gy,Wss`, FLOAT32, GENERAL, 1, truncates);
  conversion(`${name}sd2si`, `F2 0F ${opcode} /r Gy,Wsd`, FLOAT64, GENERAL, 1, truncates);
}
conversion("cvtps2pd", "NP 0F 5A /r Vpd,Wq", FLOAT32, FLOAT64, 2);
conversion("cvtpd2ps", "66 0F 5A /r Vdq,Wpd", FLOAT64, FLOAT32, 2);
conversion("cvtss2sd", "F3 0F 5A /r Vsd,Wss", FLOAT32, FLOAT64, 1);
conversion("cvtsd2ss", "F2 0F 5A /r Vss,Wsd", FLOAT64, FLOAT32, 1);
conversion("cvtdq2ps", "NP 0F 5B /r Vps,Wdq", INTEGER32, FLOAT32, 4);
conversion("cvtps2dq", "66 0F 5B /r Vdq,Wps", FLOAT32, INTEGER32, 4);
conversion("cvttps2dq", "F3 0F 5B /r Vdq,Wps", FLOAT32, INTEGER32, 4, true);
conversion("cvtdq2pd", "F3 0F E6 /r Vpd,Wq", INTEGER32, FLOAT64, 2);
conversion("cvtpd2dq", "F2 0F E6 /r Vdq,Wpd", FLOAT64, INTEGER32, 2);
conversion("cvttpd2dq", "66 0F E6 /r Vdq,Wpd", FLOAT64, INTEGER32, 2, true);
