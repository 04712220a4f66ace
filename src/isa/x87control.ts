/** x87: control and status words, environment and state. */
import { address, system } from "./expression";
import { FPU_OPERATIONS } from "./floatcodes";
import { callSystem, instruction } from "./notation";
import { number, x87 } from "./x87";

// Control. Those without waiting ("FN") do not look at a pending exception.
const atOnce = { unit: "fpu control" } as const;
x87("fldcw", ["D9 /5 Mw"], "Loads the control word.", {
  operands: { src: "read" },
  does: ({ src }) => [callSystem("fpuLoadControl", src)],
});
x87("fnstcw", ["D9 /7 Mw"], "Stores the control word.", {
  ...atOnce,
  operands: { dst: "write" },
  result: () => system("fpuControl", 16),
});
x87("fnstsw", ["DD /7 Mw", "DF E0 AX"], "Stores the status word.", {
  ...atOnce,
  operands: { dst: "write" },
  result: () => system("fpuStatus", 16),
});
x87("fnclex", ["DB E2"], "Clears the exceptions.", { ...atOnce, does: () => [callSystem("fpuClear")] });
x87("fninit", ["DB E3"], "Sets control, status and tags as after reset of the unit.", {
  ...atOnce,
  does: () => [callSystem("fpuInitialise")],
});
for (const [name, form] of [
  ["fneni", "DB E0"],
  ["fndisi", "DB E1"],
  ["fnsetpm", "DB E4"],
] as const) {
  x87(name, [form], "Does nothing since the 80387.", {
    ...atOnce,
    does: () => [callSystem("fpuOperation", number(FPU_OPERATIONS.indexOf("nop")))],
  });
}
for (const [name, form, helper, text] of [
  ["fldenv", "D9 /4 M", "fpuLoadEnvironment", "Loads control, status, tags and pointers."],
  [
    "fnstenv",
    "D9 /6 M",
    "fpuStoreEnvironment",
    "Stores control, status, tags and pointers, then masks all exceptions.",
  ],
  ["frstor", "DD /4 M", "fpuRestore", "Loads the whole x87 state."],
  ["fnsave", "DD /6 M", "fpuSave", "Stores the whole x87 state, then initialises it."],
] as const) {
  x87(name, [form], text, {
    ...(name.startsWith("fn") ? atOnce : {}),
    operands: { place: "address" },
    does: (_, { addressSize, operandSize }) => [callSystem(helper, address(addressSize, 0), number(operandSize))],
  });
}
/** #NM only when CR0.MP asks for it as well: no unit check of the usual kind. */
instruction("fwait", {
  forms: ["9B"],
  does: () => [callSystem("fpuWait")],
  section: "SDM 2D WAIT/FWAIT",
  text: "Raises a pending x87 exception.",
});
