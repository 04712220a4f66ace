/** The scenarios that come with the page. The first is the one a bare address opens. */
import { SCENARIO_VERSION, type Program, type Scenario } from "./schema";

const machine = { memoryMiB: 64, mhz: 100, quantumMs: 10 };

/** 20 instructions: busy all the time. */
export const longProgram: Program = {
  name: "one.prg",
  text: `# Program 1: how many steps does Collatz take from each number?
# It never waits, so only the timer takes the CPU from it.
variable rounds = 12
variable batch = 40
variable start = 2
variable n
variable rest
variable steps
again:
    say "Running"
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
    loop batch, next
    set batch, 40
    loop rounds, again
    exit 0
`,
};

/** 4 instructions: says its line and sleeps. */
export const shortProgram: Program = {
  name: "two.prg",
  text: `# Program 2: says so, sleeps, says so again.
variable rounds = 20
again:
    say "Running"
    sleep 8
    loop rounds, again
    exit 0
`,
};

const twoPrograms: Scenario = {
  version: SCENARIO_VERSION,
  title: "Two programs share the CPU",
  about:
    "Program 1 computes without a pause, Program 2 speaks and sleeps. The timer interrupt cuts the time into slices: find in the timeline the slice that wrote each line of the console. Change a Program and run again.",
  machine,
  programs: [longProgram, shortProgram],
  run: ["shell"],
};

const overATopic: Scenario = {
  version: SCENARIO_VERSION,
  title: "Talking over a topic",
  about:
    "A Program publishes numbers on topic 300 and does not know who listens. Two others subscribe with a callback; the kernel gives each its own copy, in the order in which they subscribed.",
  machine,
  programs: [
    {
      name: "publisher.prg",
      text: `# Publishes 1, 2, 3... on topic 300. It does not know who listens.
variable value = 0
variable rounds = 30
    sleep 30
again:
    increase value, 1
    publish 300, value
    sleep 20
    loop rounds, again
    exit 0
`,
    },
    {
      name: "doubler.prg",
      text: `# Hears topic 300, publishes the double on topic 301.
variable value
    subscribe 300, heard
again:
    wait
    jump again
heard:
    take value
    multiply value, 2
    publish 301, value
    return
`,
    },
    {
      name: "listener.prg",
      text: `# Shows what comes on both topics.
variable value
    subscribe 300, plain
    subscribe 301, double
again:
    wait
    jump again
plain:
    take value
    show "heard on 300:", value
    return
double:
    take value
    show "heard on 301:", value
    return
`,
    },
  ],
  run: ["shell"],
};

const badNeighbours: Scenario = {
  version: SCENARIO_VERSION,
  title: "Bad neighbours",
  about:
    "One process reads a bad pointer, one executes an illegal instruction, one overruns its stack, one publishes where only the kernel may. Each harms only itself; Program 1 goes on counting.",
  machine,
  programs: [
    {
      name: "steady.prg",
      text: `# Goes on whatever the neighbours do.
variable rounds = 40
variable count = 0
again:
    increase count, 1
    show "still here", count
    sleep 25
    loop rounds, again
    exit 0
`,
    },
  ],
  run: ["badptr", "illegal", "overflow", "intruder", "shell"],
};

export const builtinScenarios: readonly Scenario[] = [twoPrograms, overATopic, badNeighbours];
