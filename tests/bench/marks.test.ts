import { expect, test } from "vitest";
import { timesOf } from "./marks";
import { load, repeated } from "./workloads";

const workload = repeated(load("sieve", 64), 10, 5);
const at = { "<": 1, ">": 21, "[": 30, "]": 35 };

test("further rounds are scaled to as many as the first", () => {
  expect(timesOf(workload, { text: `<>${workload.value}\r\n[]`, at })).toEqual({ first: 20, steady: 10 });
  expect(timesOf({ ...workload, more: 0 }, { text: `<>${workload.value}`, at })).toEqual({ first: 20 });
});

test.each(["<!", "<>0000000000000000[]", `<>${workload.value}[!`, `<>${workload.value}[`])(
  "a run that printed %s has no times",
  (text) => expect(() => timesOf(workload, { text, at })).toThrow(),
);
