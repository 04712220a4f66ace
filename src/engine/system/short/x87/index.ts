/**
 * Short ways of x87 as generated code: functions that regions call (regions/x87.ts), and, before the host's helpers of isa/system.ts, helpers
 * that do the same with these functions.
 */
import type { SystemHelper } from "../../../../isa/system";
import { TRUNCATE } from "../../../../isa/floatcodes";
import { I32, I64, type ValueType } from "../../../wasm/code";
import {
  and,
  eq,
  field,
  field64,
  type Function,
  has,
  load16,
  load64,
  low,
  ne,
  not,
  or,
  Routine,
  select,
  shr,
  type Term,
  type Variable,
  wide,
} from "../../../wasm/routine";
import { divideUnsigned, multiplyHigh } from "../../../wasm/runtime";
import { CR0 } from "../../core";
import { WRITE } from "../../paging";
import { addition, combine, divide, multiply } from "./arithmetic";
import { relation, UNUSUAL } from "./comparison";
import { kind, narrow, widen } from "./formats";
import { operandPlace } from "./operand";
import * as operations from "./operations";
import { point } from "./pointers";
import { isFull, placeOf, popped, pushed, putNumber, told } from "./registers";
import { root } from "./root";

/** Functions that regions call: operations.ts says what each does. */
export const x87Signatures = {
  x87Arithmetic: { parameters: [I32, I32, I32, I32], results: [I32] },
  x87ArithmeticMemory: { parameters: [I32, I32, I64], results: [I32] },
  x87Compare: { parameters: [I32, I32], results: [I32] },
  x87CompareFlags: { parameters: [I32, I32], results: [I32] },
  x87CompareMemory: { parameters: [I32, I32, I64], results: [I32] },
  x87Load: { parameters: [I32, I64], results: [I32] },
  x87LoadRegister: { parameters: [I32], results: [I32] },
  x87LoadConstant: { parameters: [I32], results: [I32] },
  x87Storing: { parameters: [I32, I32], results: [I32] },
  x87Stored: { parameters: [I32, I32], results: [I32] },
  x87StoreRegister: { parameters: [I32, I32], results: [I32] },
  x87Exchange: { parameters: [I32], results: [I32] },
  x87ConditionalMove: { parameters: [I32, I32], results: [I32] },
  x87Operation: { parameters: [I32], results: [I32] },
  x87LoadControl: { parameters: [I32], results: [I32] },
} as const;
export type X87Function = keyof typeof x87Signatures;

/** The helpers that have a short form. */
export const x87Helpers = [
  ...(["fpuArithmetic", "fpuArithmeticMemory", "fpuCompare", "fpuCompareFlags", "fpuCompareMemory"] as const),
  ...(["fpuLoad", "fpuStore", "fpuConstant", "fpuExchange", "fpuConditionalMove", "fpuOperation"] as const),
  ...(["fpuLoadControl", "fpuControl", "fpuStatus", "fpuWait"] as const),
] as const satisfies readonly SystemHelper[];
type X87Helper = (typeof x87Helpers)[number];
/** Of instructions that leave the pointers alone. */
const isControl: ReadonlySet<X87Helper> = new Set<X87Helper>(["fpuLoadControl", "fpuControl", "fpuStatus", "fpuWait"]);

/** The module that is being written. */
interface Writer {
  define(parameters: readonly ValueType[], routine: Routine, name?: string, result?: ValueType): Function;
  defineCode(
    signature: { parameters: readonly ValueType[]; results: readonly ValueType[] },
    code: Routine["code"],
  ): Function;
  helper(name: string, routine: Routine): void;
}

export function writeX87(writer: Writer, locate: Function, host: (name: X87Helper) => Function): void {
  const functions = writeFunctions(writer);
  const pointed = writer.define([I32], point());
  const place = writer.define([I32, I64, I32, I32], operandPlace(locate));
  const helpers = shortHelpers(functions, place);
  for (const name of x87Helpers) {
    const r = new Routine(1);
    const [record] = r.parameters;
    helpers[name](r, record, () => {
      if (!isControl.has(name)) r.do(pointed(record));
      r.return(0);
    });
    r.return(host(name)(record));
    writer.helper(name, r);
  }
}

type Functions = Readonly<Record<X87Function, Function>>;

function writeFunctions(writer: Writer): Functions {
  const high = writer.defineCode({ parameters: [I64, I64], results: [I64] }, multiplyHigh());
  const divided = writer.defineCode({ parameters: [I64, I64, I64, I32], results: [I64] }, divideUnsigned());
  const places = [I32, I32, I32] as const;
  const parts = {
    relation: writer.define([I32, I32], relation()),
    widen: writer.define([I32, I64, I32], widen()),
    narrow: writer.define(places, narrow()),
    root: writer.define([I32, I32], root(high)),
    combine: writer.define(
      [I32, ...places],
      combine({
        add: writer.define([...places, I32], addition()),
        multiply: writer.define(places, multiply(high)),
        divide: writer.define(places, divide(divided)),
      }),
    ),
  };
  const routines: Readonly<Record<X87Function, (all: operations.Parts) => Routine>> = {
    x87Arithmetic: operations.arithmetic,
    x87ArithmeticMemory: operations.arithmeticMemory,
    x87Compare: operations.compare,
    x87CompareFlags: operations.compareFlags,
    x87CompareMemory: operations.compareMemory,
    x87Load: operations.load,
    x87LoadRegister: operations.loadRegister,
    x87LoadConstant: operations.loadConstant,
    x87Storing: operations.storing,
    x87Stored: operations.stored,
    x87StoreRegister: operations.storeRegister,
    x87Exchange: operations.exchange,
    x87ConditionalMove: operations.conditionalMove,
    x87Operation: operations.operation,
    x87LoadControl: operations.loadControl,
  };
  const names = Object.keys(routines) as X87Function[];
  const written = names.map((name) => [
    name,
    writer.define(x87Signatures[name].parameters, routines[name](parts), name),
  ]);
  return Object.fromEntries(written) as Functions;
}

const argument = (n: number): Term => field("argument", n);
const argument64 = (n: number): Term => field64("argument", n);

/** How a helper does what is usual; `done` ends it. What comes to its end is the host's. */
type ShortHelper = (r: Routine, record: Variable, done: () => void) => void;

function shortHelpers(f: Functions, place: Function): Readonly<Record<X87Helper, ShortHelper>> {
  const simple =
    (call: () => Term): ShortHelper =>
    (r, _, done) =>
      r.when(call(), done);
  const yields =
    (value: Term): ShortHelper =>
    (r, _, done) => {
      r.setField64("value", wide(value));
      done();
    };
  return {
    fpuArithmetic: simple(() => f.x87Arithmetic(argument(0), argument(1), argument(2), argument(3))),
    fpuArithmeticMemory: simple(() => f.x87ArithmeticMemory(argument(0), argument(1), argument64(2))),
    fpuCompare: simple(() => f.x87Compare(argument(1), argument(2))),
    fpuCompareFlags: (r, _, done) => {
      const flags = r.keep(f.x87CompareFlags(argument(1), argument(2)));
      r.when(ne(flags, UNUSUAL), () => {
        r.setField64("value", wide(flags));
        done();
      });
    },
    fpuCompareMemory: simple(() => f.x87CompareMemory(argument(0), argument(1), argument64(2))),
    fpuLoad: (r, record, done) => {
      r.when(eq(argument(0), kind("extended")), () => loadExtended(r, record, place, done));
      r.when(eq(argument(0), kind("register")), () => r.when(f.x87LoadRegister(argument(1)), done));
      r.when(isShort(argument(0)), () => r.when(f.x87Load(argument(0), argument64(1)), done));
    },
    fpuStore: (r, record, done) => {
      const pops = r.keep(and(argument(2), TRUNCATE - 1));
      r.when(eq(argument(0), kind("extended")), () => storeExtended(r, record, place, done));
      r.when(and(eq(argument(0), kind("register")), not(shr(pops, 1))), () =>
        r.when(f.x87StoreRegister(argument(1), pops), done),
      );
      r.when(isShort(argument(0)), () => storeNumber(r, record, f, pops, place, done));
    },
    fpuConstant: simple(() => f.x87LoadConstant(argument(0))),
    fpuExchange: simple(() => f.x87Exchange(argument(0))),
    fpuConditionalMove: simple(() => f.x87ConditionalMove(argument(0), argument(1))),
    fpuOperation: simple(() => f.x87Operation(argument(0))),
    fpuLoadControl: simple(() => f.x87LoadControl(argument(0))),
    fpuControl: yields(field("fpuControl")),
    fpuStatus: yields(field("fpuStatus")),
    fpuWait: (r, _, done) => {
      const off = CR0.MP | CR0.TS;
      const raises = or(eq(and(field("cr0"), off), off), has(field("fpuStatus"), 0x80));
      r.when(not(raises), done);
    },
  };
}

const isShort = (what: Term): Term => {
  const kinds = ["single", "double", "integer16", "integer32", "integer64"] as const;
  const bits = kinds.reduce((sum, name) => sum | (1 << kind(name)), 0);
  return and(shr(bits, what), 1);
};

/** Every ten bytes can be loaded. */
function loadExtended(r: Routine, record: Variable, place: Function, done: () => void): void {
  const from = r.keep(place(record, argument64(1), 10, 0));
  r.when(and(ne(from, 0), not(isFull(-1))), () => {
    putNumber(r, placeOf(-1), load64(from), load16(from, 8));
    pushed(r);
    done();
  });
}

function storeExtended(r: Routine, record: Variable, place: Function, done: () => void): void {
  r.when(isFull(0), () => {
    const to = r.keep(place(record, argument64(1), 10, WRITE));
    r.when(to, () => {
      r.store64(to, 0, load64(placeOf(0)));
      r.store16(to, 8, load16(placeOf(0), 8));
      told(r, 0);
      popped(r, r.keep(argument(2)));
      done();
    });
  });
}

function storeNumber(r: Routine, record: Variable, f: Functions, pops: Term, place: Function, done: () => void): void {
  const what = argument(0);
  const said = r.keep(f.x87Storing(what, has(argument(2), TRUNCATE)));
  r.when(said, () => {
    const isHalf = or(eq(what, kind("single")), eq(what, kind("integer32")));
    const bytes = r.keep(select(isHalf, 4, select(eq(what, kind("integer16")), 2, 8)));
    const to = r.keep(place(record, argument64(1), bytes, WRITE));
    r.when(to, () => {
      const value = field64("value");
      r.when(eq(bytes, 2), () => r.store16(to, 0, low(value)));
      r.when(eq(bytes, 4), () => r.store32(to, 0, low(value)));
      r.when(eq(bytes, 8), () => r.store64(to, 0, value));
      r.do(f.x87Stored(said, pops));
      done();
    });
  });
}
