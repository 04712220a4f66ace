/** x87: operations on the top of the stack. */
import { FPU_OPERATIONS } from "./floatcodes";
import { callSystem } from "./notation";
import { number, x87 } from "./x87";

const operationForms: Readonly<Record<string, string>> = {
  chs: "D9 E0",
  abs: "D9 E1",
  tst: "D9 E4",
  xam: "D9 E5",
  sqrt: "D9 FA",
  rndint: "D9 FC",
  scale: "D9 FD",
  xtract: "D9 F4",
  prem: "D9 F8",
  prem1: "D9 F5",
  "2xm1": "D9 F0",
  yl2x: "D9 F1",
  yl2xp1: "D9 F9",
  ptan: "D9 F2",
  patan: "D9 F3",
  sin: "D9 FE",
  cos: "D9 FF",
  sincos: "D9 FB",
  decstp: "D9 F6",
  incstp: "D9 F7",
  nop: "D9 D0",
};
const operationTexts: Readonly<Record<string, string>> = {
  chs: "Changes the sign of ST.",
  abs: "Clears the sign of ST.",
  tst: "Compares ST with 0.",
  xam: "Tells the class of ST in C3 C2 C0.",
  sqrt: "Square root of ST.",
  rndint: "Rounds ST to an integer.",
  scale: "Scales ST by the power of two in ST(1).",
  xtract: "Splits ST into exponent and significand.",
  prem: "Partial remainder of ST / ST(1), quotient cut off.",
  prem1: "Partial remainder of ST / ST(1), quotient rounded.",
  "2xm1": "Raises 2 to the power of ST and subtracts 1.",
  yl2x: "Multiplies ST(1) by the binary logarithm of ST and pops.",
  yl2xp1: "Multiplies ST(1) by the binary logarithm of ST + 1 and pops.",
  ptan: "Tangent of ST, then pushes 1.",
  patan: "Arctangent of ST(1) / ST, popping.",
  sin: "Sine of ST.",
  cos: "Cosine of ST.",
  sincos: "Sine of ST, then pushes the cosine.",
  decstp: "Turns the stack back by one.",
  incstp: "Turns the stack on by one.",
  nop: "Does nothing.",
};
for (const [n, name] of FPU_OPERATIONS.entries()) {
  x87(`f${name}`, [operationForms[name]], operationTexts[name], {
    does: () => [callSystem("fpuOperation", number(n))],
  });
}
