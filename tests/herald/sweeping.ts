/**
 * The timer interrupts at instruction k of the path of a message, for each k: the machine stops where a process enters the kernel to
 * publish, runs k instructions, and the timer's line rises. Then the run goes on to the end of the check (programs/test/anywhere.c),
 * and the kernel is looked at from outside.
 */
import { enums } from "../../src/herald/layout";
import { committedMap, machineForTests } from "./fuzzing";
import { Inspector, runBetweenSteps } from "./invariants";
import { type HeraldMachine, PROMPT } from "./machine";
import { Moment } from "./moment";

const TOPIC_A = 20001n;
const TIMER_LINE = 0;
const RAX = 0;
const RDI = 7;
const LIMIT_TICKS = 1_500_000_000;

export const sweptChecks = [
  "interrupted_publish_reaches_all_once",
  "kill_the_publisher_anywhere",
  "kill_a_receiver_anywhere",
  "kill_in_a_callback_anywhere",
];

export class Sweep {
  private readonly machine: HeraldMachine;
  private readonly moment: Moment;
  private readonly from: number;
  /** Instructions from this publish to the next one of the same process, when nothing comes in between. */
  readonly length: number;

  constructor(private readonly check: string) {
    this.machine = machineForTests({ memoryMiB: 16 });
    this.machine.command("run test no_subscriber");
    const line = `run test ${check}\n`;
    this.from = this.machine.transcript.length + line.length;
    const { pc } = this.machine;
    pc.input({ kind: "serial", bytes: [...line].map((c) => c.charCodeAt(0)) });
    for (let i = 0; i < 3; i++) this.toPublish(); // everything is warm
    this.moment = new Moment(pc);
    const start = pc.clock;
    this.toPublish();
    this.length = pc.clock - start;
    this.moment.goBack();
  }

  /** To where the next message on TOPIC_A enters the kernel. */
  private toPublish(): void {
    const { pc } = this.machine;
    const limit = pc.clock + LIMIT_TICKS;
    pc.cpu.setBreakpoints([committedMap.symbols.get("syscall_entry")!.address]);
    for (;;) {
      const { registers } = pc.run(limit).kind === "breakpoint" ? pc.snapshot() : { registers: undefined };
      if (!registers) throw new Error(`${this.check} publishes nothing:\n${this.machine.transcript.slice(-500)}`);
      if (registers[RAX] === BigInt(enums.system_call.byName.publish) && registers[RDI] === TOPIC_A) break;
    }
    pc.cpu.setBreakpoints([]);
  }

  /** An interrupt `k` instructions later; returns what is wrong. */
  interruptAt(k: number): readonly string[] {
    const { pc } = this.machine;
    this.moment.goBack();
    this.machine.transcript = this.machine.transcript.slice(0, this.from);
    pc.run(pc.clock + k);
    pc.board.setIrq(TIMER_LINE, false);
    pc.board.setIrq(TIMER_LINE, true);
    const problems: string[] = [];
    const look = () => {
      if (runBetweenSteps(pc)) problems.push(...new Inspector(pc, committedMap).inspect());
    };
    look();
    if (!this.machine.runUntil(() => this.machine.transcript.endsWith(PROMPT), LIMIT_TICKS)) problems.push("no end");
    const said = this.machine.transcript.slice(this.from).replaceAll("\r", "").trim().split("\n");
    if (said[0] !== `ok ${this.check}`) problems.push(said.join("; "));
    look();
    return problems.map((problem) => `interrupt ${k} instructions after the publish: ${problem}`);
  }
}
