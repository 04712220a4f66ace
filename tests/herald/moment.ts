/** A machine at one tick, kept in memory, to which it can be taken back again and again. */
import { CpuState, layout, type FieldName } from "../../src/engine/state";
import type { Pc, PcState } from "../../src/pc/pc";

const architectural = (Object.keys(layout) as FieldName[]).filter((name) => layout[name].architectural);

export class Moment {
  private readonly ram: Uint8Array;
  private readonly fields: readonly (readonly bigint[])[];
  private readonly state: PcState;
  private readonly idle: number;

  constructor(private readonly pc: Pc) {
    const cpu = new CpuState(pc.cpu.memory);
    this.ram = pc.cpu.ram.slice();
    this.idle = pc.cpu.idleTicks;
    this.state = structuredClone(pc.save());
    this.fields = architectural.map((name) =>
      Array.from({ length: layout[name].count }, (_, index) => cpu.get(name, index)),
    );
  }

  goBack(): void {
    const cpu = new CpuState(this.pc.cpu.memory);
    this.pc.cpu.ram.set(this.ram);
    architectural.forEach((name, at) => this.fields[at].forEach((value, index) => cpu.set(name, value, index)));
    this.pc.resume(structuredClone(this.state), this.idle);
  }
}
