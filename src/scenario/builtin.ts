/** The scenarios that come with the page. The first is the one a bare address opens. */
import { demonstration } from "../herald/demonstration";
import { SCENARIO_VERSION, type Program, type Scenario } from "./schema";

const machine = { memoryMiB: 64, mhz: 100, quantumMs: 10 };

const programs = (texts: Readonly<Record<string, string>>): Program[] =>
  Object.entries(texts).map(([name, text]) => ({ name, text }));

const twoPrograms: Scenario = {
  version: SCENARIO_VERSION,
  title: "Two programs share the CPU",
  about:
    "Two Programs that never wait, one CPU: the timer interrupt takes it from one and gives it to the other. Find in the timeline the slice that wrote each line of the console. Change a Program and run again.",
  machine,
  // A line of each about every second, for some minutes: time to look around.
  programs: programs(demonstration({ rounds: 600, numbers: 900, turns: 1_000_000 })),
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
variable rounds = 1000
    sleep 30
again:
    increase value, 1
    publish 300, value
    sleep 400
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
variable rounds = 1000
variable count = 0
again:
    increase count, 1
    show "still here", count
    sleep 700
    loop rounds, again
    exit 0
`,
    },
  ],
  run: ["badptr", "illegal", "overflow", "intruder", "shell"],
};

export const builtinScenarios: readonly Scenario[] = [twoPrograms, overATopic, badNeighbours];
