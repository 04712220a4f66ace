/**
 * Makes equal expressions one node, so that each is computed once: definitions may write the same thing in several places. Two
 * loads of one place are one access, and a helper asked the same thing twice is called once.
 */
import type { Expression } from "../../isa/expression";
import type { Effect } from "../../isa/notation";

export function shareEffects(effects: readonly Effect[]): readonly Effect[] {
  const share = new Sharing();
  const one = (effect: Effect): Effect => {
    switch (effect.kind) {
      case "write":
      case "setRegister":
      case "setFlag":
        return { ...effect, value: share.node(effect.value) };
      case "store":
        return { ...effect, offset: share.node(effect.offset), value: share.node(effect.value) };
      case "fault":
        return { ...effect, condition: share.node(effect.condition) };
      case "jump":
        return {
          ...effect,
          condition: effect.condition && share.node(effect.condition),
          target: share.node(effect.target),
        };
      case "system":
        return { ...effect, arguments: effect.arguments.map((argument) => share.node(argument)) };
      case "when":
        return { ...effect, condition: share.node(effect.condition), effects: effect.effects.map(one) };
    }
  };
  return effects.map(one);
}

class Sharing {
  private readonly seen = new Map<Expression, Expression>();
  private readonly byKey = new Map<string, Expression>();
  private readonly numbers = new Map<Expression, number>();

  node(e: Expression): Expression {
    const seen = this.seen.get(e);
    if (seen) return seen;
    const rebuilt = this.rebuild(e);
    const key = `${rebuilt.kind}.${rebuilt.width}.${this.content(rebuilt)}`;
    let one = this.byKey.get(key);
    if (!one) {
      one = rebuilt;
      this.byKey.set(key, one);
      this.numbers.set(one, this.numbers.size);
    }
    this.seen.set(e, one);
    return one;
  }

  /** The same node over shared children. */
  private rebuild(e: Expression): Expression {
    switch (e.kind) {
      case "unary":
      case "zext":
      case "sext":
      case "low":
      case "parity":
        return { ...e, a: this.node(e.a) };
      case "binary":
      case "compare":
        return { ...e, a: this.node(e.a), b: this.node(e.b) };
      case "select":
        return { ...e, condition: this.node(e.condition), a: this.node(e.a), b: this.node(e.b) };
      case "divide":
      case "divideOverflows":
        return { ...e, high: this.node(e.high), low: this.node(e.low), divisor: this.node(e.divisor) };
      case "load":
        return { ...e, offset: this.node(e.offset) };
      case "vector":
        return { ...e, a: this.node(e.a), b: e.b && this.node(e.b) };
      case "system":
        return { ...e, arguments: e.arguments.map((argument) => this.node(argument)) };
      default:
        return e;
    }
  }

  private content(e: Expression): string {
    const n = (child: Expression) => this.numbers.get(child);
    switch (e.kind) {
      case "constant":
        return `${e.value}`;
      case "operand":
      case "number":
        return `${e.index}`;
      case "address":
        return `${e.index}.${e.linear ?? false}`;
      case "register":
        return `${e.register}.${e.high ?? false}`;
      case "flag":
        return e.flag;
      case "next":
        return "";
      case "unary":
        return `${e.operator}.${n(e.a)}`;
      case "binary":
      case "compare":
        return `${e.operator}.${n(e.a)}.${n(e.b)}`;
      case "zext":
      case "sext":
      case "low":
      case "parity":
        return `${n(e.a)}`;
      case "select":
        return `${n(e.condition)}.${n(e.a)}.${n(e.b)}`;
      case "divide":
        return `${e.signed}.${e.part}.${n(e.high)}.${n(e.low)}.${n(e.divisor)}`;
      case "divideOverflows":
        return `${e.signed}.${n(e.high)}.${n(e.low)}.${n(e.divisor)}`;
      case "load":
        return `${e.segment}.${n(e.offset)}.${e.writable ?? false}`;
      case "vector":
        return `${e.operator}.${e.lane}.${n(e.a)}.${e.b ? n(e.b) : ""}.${e.index ?? ""}.${e.pattern?.join() ?? ""}`;
      case "system":
        return `${e.helper}.${e.arguments.map(n).join()}`;
    }
  }
}
