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
    "Two Programs that never wait share one CPU by the timer. Find in the timeline the slice that wrote each line of the console.",
  machine,
  // A line of each about every second, for some minutes: time to look around.
  programs: programs(demonstration({ rounds: 600, numbers: 900, turns: 1_000_000 })),
  run: ["shell"],
  look: { commands: ["ps", "quantum 50", "quantum 10", "run sensor &", "run display &"] },
};

const overATopic: Scenario = {
  version: SCENARIO_VERSION,
  title: "Talking over a topic",
  about:
    "One Program publishes on topic 300 and knows nobody; two others subscribe, and the kernel gives each its copy. Follow one under Messages.",
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
  look: { commands: ["topics -l", "sub 301", "pub 300 hi", "unsub 301"] },
};

const badNeighbours: Scenario = {
  version: SCENARIO_VERSION,
  title: "Bad neighbours",
  about:
    "A bad pointer, an illegal instruction, an endless stack, a forbidden topic: each ends its own process, and Program 1 counts on.",
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
  look: { commands: ["run badptr", "run overflow", "run intruder", "run illegal", "mem"] },
};

const thermostat: Scenario = {
  version: SCENARIO_VERSION,
  title: "A thermostat of six services",
  about:
    "Sensor, filter, controller, heater, logger and alarm know topics, not each other. Kill the filter: the others go on, and it comes back.",
  machine,
  programs: [],
  run: ["thermostat", "shell"],
  look: { commands: ["ps", "kill 8", "kill 9", "pub 1104 23", "topics -r", "run intruder"] },
};

const servicesTogether: Scenario = {
  version: SCENARIO_VERSION,
  title: "Services at boot, all at once",
  about:
    "Six services start together, each waits for the topics of those it needs: ready after 240 ms. One after the other it takes 460 ms.",
  machine,
  programs: [],
  run: ["service", "shell"],
  look: { speed: 10_000_000, commands: ["services", "services -s", "topics"] },
};

const servicesInSequence: Scenario = {
  ...servicesTogether,
  title: "Services at boot, one after the other",
  about:
    "The same six services, each started when the one before is ready: the CPU mostly waits, and it takes 460 ms in place of 240.",
  run: ["service -s", "shell"],
};

const waysToTalk: Scenario = {
  version: SCENARIO_VERSION,
  title: "Five ways to talk",
  about: "64 bytes to three receivers, five ways to do it; what each costs is under Measured, above.",
  machine,
  programs: [],
  run: ["bench callback 64 3 1 3000", "shell"],
  look: {
    tab: "messages",
    speed: 10_000_000,
    commands: ["callback", "receive", "queue", "broker", "shared"].map((model) => `bench ${model} 64 3 1 3000`),
  },
};

export const builtinScenarios: readonly Scenario[] = [
  twoPrograms,
  overATopic,
  thermostat,
  servicesTogether,
  servicesInSequence,
  waysToTalk,
  badNeighbours,
];
