/** A board without a CPU: ports are used directly, time passes when the test says so. */
import { Motherboard, type BoardConfig, type Outputs } from "../../src/pc/motherboard";
import { Disk } from "../../src/pc/disk";

export const MHZ = 100;

export class Rig {
  tick = 0;
  readonly board: Motherboard;
  /** Vectors in the order in which they were delivered by `run` with `deliver`. */
  readonly delivered: { tick: number; vector: number }[] = [];

  constructor(config: Partial<BoardConfig> = {}, outputs: Outputs = {}) {
    this.board = new Motherboard(
      { memoryMiB: 64, mhz: MHZ, epoch: 0, disks: [new Disk(new Uint8Array(512 * 100))], ...config },
      outputs,
    );
    this.board.now = () => this.tick;
    this.board.ram = new Uint8Array(0x100000);
    this.board.rescheduleAll();
  }

  in8 = (port: number): number => this.board.portRead(port, 1);
  out8 = (port: number, ...values: number[]): void => values.forEach((value) => this.board.portWrite(port, 1, value));

  /** Lets time pass to an absolute tick, event by event. */
  runTo(until: number, deliver = false): void {
    for (;;) {
      this.board.advance();
      while (deliver && this.board.interruptPending()) {
        const vector = this.board.acknowledgeInterrupt();
        this.delivered.push({ tick: this.tick, vector });
        if (vector >= 0x70) this.out8(0xa0, 0x20);
        this.out8(0x20, 0x20);
        if (vector === 0x70) {
          this.out8(0x70, 0x0c);
          this.in8(0x71);
        }
      }
      if (this.tick >= until) return;
      this.tick = Math.min(until, this.board.nextEvent);
    }
  }

  run(ticks: number, deliver = false): void {
    this.runTo(this.tick + ticks, deliver);
  }

  /** Both controllers as a PC's firmware leaves them: base 8 and 70h, all lines open. */
  startPics(): void {
    for (const [port, base, cascade] of [
      [0x20, 0x08, 0x04],
      [0xa0, 0x70, 0x02],
    ]) {
      this.out8(port, 0x11);
      this.out8(port + 1, base, cascade, 0x01, 0x00);
    }
  }
}
