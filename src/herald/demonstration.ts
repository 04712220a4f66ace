/** The first demonstration: two Programs, of 20 and of 4 instructions, that share the CPU; and the scenario that starts them. */
import { encodeInstruction as op, packText, programImage } from "./program";

/** Sums squares modulo a prime and counts the odd numbers, again and again; says so each time. */
function programOne(): Uint8Array {
  const len = 20;
  const [total, round, rounds, i, amount, odd, rest, one, two, square, prime, running] = Array.from(
    { length: 12 },
    (_, k) => len + k,
  );
  const variables = [0, 0, 10, 0, 1000, 0, 0, 1, 2, 0, 65521];
  const code = [
    /*  0 */ op("set", total, 0),
    /*  1 */ op("set", round, 0),
    /*  2 */ op("say", running),
    /*  3 */ op("copy", i, amount),
    /*  4 */ op("set", odd, 0),
    /*  5 */ op("copy", rest, i),
    /*  6 */ op("modulo", rest, two),
    /*  7 */ op("compare", rest, one),
    /*  8 */ op("jump_unequal", 10),
    /*  9 */ op("increase", odd, 1),
    /* 10 */ op("copy", square, i),
    /* 11 */ op("multiply", square, i),
    /* 12 */ op("add", total, square),
    /* 13 */ op("modulo", total, prime),
    /* 14 */ op("loop", i, 5),
    /* 15 */ op("increase", round, 1),
    /* 16 */ op("compare", round, rounds),
    /* 17 */ op("jump_less", 2),
    /* 18 */ op("yield"),
    /* 19 */ op("exit", 0),
  ];
  return programImage([...code, ...variables, ...packText("Running")], len);
}

/** Counts down. Behind the last instruction a Program ends. */
function programTwo(): Uint8Array {
  const len = 4;
  const [work, amount, rounds, running] = Array.from({ length: 4 }, (_, k) => len + k);
  const code = [
    /* 0 */ op("say", running),
    /* 1 */ op("copy", work, amount),
    /* 2 */ op("loop", work, 2),
    /* 3 */ op("loop", rounds, 0),
  ];
  return programImage([...code, 0, 10000, 10, ...packText("Running")], len);
}

export const demonstrationPrograms: Readonly<Record<string, Uint8Array>> = {
  "one.prg": programOne(),
  "two.prg": programTwo(),
};

export const defaultScenario = `# What this run is. The kernel reads it at boot; init reads the last two keys.
quantum_ms=10
hz=100
trace=all
program=one.prg
program=two.prg
# init starts what the run lines say when the Programs have ended, or when none of them has ended for so long
programs_first_ms=1000
run=shell
`;
