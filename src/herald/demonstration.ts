/** The first demonstration: two Programs, of 20 and of 4 instructions, that share the CPU; and the scenario that starts them. */
import { assemble } from "./assembler";
import { programImage } from "./program";

/** How long the two go on and how often they say so. */
export interface Pace {
  /** Lines each of them writes. */
  readonly rounds: number;
  /** Numbers Program 1 looks at between two of its lines. */
  readonly numbers: number;
  /** Turns Program 2 makes between two of its lines. */
  readonly turns: number;
}

/** Source texts, by file name. */
export const demonstration = ({ rounds, numbers, turns }: Pace): Readonly<Record<string, string>> => ({
  "one.prg": `# Program 1: how many steps does Collatz take from each number?
# 20 instructions. It never waits: only the timer takes the CPU from it.
variable rounds = ${rounds}
variable numbers = ${numbers}
variable left
variable start = 2
variable n
variable rest
variable steps
again:
    say "Running"
    copy left, numbers
next:
    copy n, start
    set steps, 0
step:
    compare n, 1
    jump_equal done
    copy rest, n
    modulo rest, 2
    compare rest, 0
    jump_equal even
    multiply n, 3
    increase n, 1
    jump count
even:
    divide n, 2
count:
    increase steps, 1
    jump step
done:
    increase start, 1
    loop left, next
    loop rounds, again
    exit 0
`,
  "two.prg": `# Program 2: counts down, says so, and counts down again.
# 4 instructions. Behind the last one a Program ends.
variable rounds = ${rounds}
variable turns = ${turns}
variable left
again:
    say "Running"
    copy left, turns
down:
    loop left, down
    loop rounds, again
`,
});

/** On the disk as it is built: short, so that the shell comes soon. */
const onDisk = demonstration({ rounds: 10, numbers: 50, turns: 12000 });

function image(name: string, text: string): Uint8Array {
  const assembled = assemble(text);
  if (!assembled.ok) throw new Error(`${name}: ${assembled.errors[0].line}: ${assembled.errors[0].message}`);
  return programImage(assembled.data, assembled.length);
}

export const demonstrationPrograms: Readonly<Record<string, Uint8Array>> = Object.fromEntries(
  Object.entries(onDisk).map(([name, text]) => [name, image(name, text)]),
);

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
