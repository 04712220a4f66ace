/** What an instruction asks before anything else: the privilege to do it, and that its unit may be used. */
import { layout } from "../state";
import { EMPTY, I32, memory, op } from "../wasm/code";
import { isStringOperand } from "./meaning";
import type { Operands } from "./operands";
import { SELF } from "./surroundings";

const RDX = 2;
const FLAG_VM = 0x2_0000;
const CR0_EM = 4,
  CR0_TS = 8,
  CR4_OSFXSR = 0x200,
  FPU_PENDING = 0x80;

export function checkPrivilege(operands: Operands): void {
  const { code } = operands;
  const { privilege } = operands.shape.instruction;
  if (privilege === undefined) return;
  const flags = () => code.loadAt(memory.i32Load, layout.systemFlags.offset);
  code.loadAt(memory.i32Load, layout.cpl.offset);
  if (privilege === 0) code.i32(0);
  else flags().i32(12).op(op.i32ShrU).i32(3).op(op.i32And);
  code.op(op.i32GtU);
  if (privilege === "port") flags().i32(FLAG_VM).op(op.i32And, op.i32Or);
  code.if(EMPTY);
  if (privilege === "port") checkPort(operands);
  else operands.raise(operands.shape.instruction.privilegeFault ?? "#GP(0)");
  code.end();
}

function checkPort(operands: Operands): void {
  const { width } = operands.shape.operands.find(({ kind }) => isStringOperand(kind))!;
  const port = { kind: "register", width: 16, register: RDX } as const;
  operands.callHelper("checkPort", [port, { kind: "constant", width: 64, value: BigInt(width / 8) }]);
}

/** Whether the vector and x87 units may be used now (SDM 2A, tables 2-18 to 2-24; SDM 3, 2.5 and 9.2). */
export function checkUnit(operands: Operands): void {
  const { code } = operands;
  const { unit } = operands.shape.instruction;
  if (!unit) return;
  const test = (field: "cr0" | "cr4" | "fpuStatus", bits: number) =>
    code.loadAt(memory.i32Load, layout[field].offset).i32(bits).op(op.i32And);
  test("cr0", CR0_EM | CR0_TS);
  if (unit === "sse") test("cr4", CR4_OSFXSR).op(op.i32Eqz, op.i32Or);
  code.if(EMPTY);
  if (unit === "sse" || unit === "mmx") {
    test("cr0", CR0_EM);
    if (unit === "sse") test("cr4", CR4_OSFXSR).op(op.i32Eqz, op.i32Or);
    code.if(EMPTY);
    operands.raise("#UD");
    code.end();
  }
  operands.raise("#NM");
  code.end();
  if (unit !== "mmx" && unit !== "fpu" && !operands.usesMm()) return;
  test("fpuStatus", FPU_PENDING).if(EMPTY);
  const outcome = code.local(I32);
  code.get(SELF).call(operands.surroundings.host("numericError")).tee(outcome).if(EMPTY);
  code.get(outcome).op(op.return);
  code.end().end();
}
