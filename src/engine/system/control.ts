/** Control and debug registers (SDM 3, 2.5 and 18.2; SDM 2B MOV control and debug registers), INVLPG. */
import { EXIT } from "../record";
import { ACCESS, at, CR0, CR4, CS, DB, EFER, GP, PHYSICAL_BITS, TR, UD, type Core } from "./core";
import type { Access } from "./access";
import { type DebugRegisters, GENERAL_DETECT } from "./debug";
import type { Lookaside } from "./lookaside";
import { systemType } from "./segments";

/** CR0 bits that exist; writes to the others of the low half are ignored (SDM 2B MOV CR: "reserved bits ... ignored"). */
const CR0_BITS = CR0.PE | CR0.MP | CR0.EM | CR0.TS | CR0.NE | CR0.WP | CR0.AM | CR0.NW | CR0.CD | CR0.PG;
/** CR4 bits that may be set. */
const CR4_BITS =
  CR4.TSD |
  CR4.DE |
  CR4.PSE |
  CR4.PAE |
  CR4.PGE |
  CR4.PCE |
  CR4.OSFXSR |
  CR4.OSXMMEXCPT |
  CR4.UMIP |
  CR4.LA57 |
  CR4.FSGSBASE |
  CR4.SMEP |
  CR4.SMAP;
/** Changes that alter translations: of WP only while there is paging. */
const CR0_PAGING = CR0.WP | CR0.PG;
const CR4_PAGING = CR4.PSE | CR4.PAE | CR4.PGE | CR4.LA57 | CR4.SMEP | CR4.SMAP;

const DR6_FIXED = 0xffff_0ff0,
  DR6_BITS = 0xe00f,
  DR7_FIXED = 0x400,
  DR7_BITS = 0xffff_2bff;

export class Control {
  constructor(
    private readonly core: Core,
    private readonly access: Access,
    private readonly lookaside: Lookaside,
    private readonly modeChanged: () => void,
    private readonly debug: DebugRegisters,
  ) {}

  /** Argument 0 the number. SMSW reads CR0 outside ring 0, which UMIP forbids. */
  readonly read = (record: number): number => {
    const { core } = this;
    switch (core.argument(0)) {
      case 0:
        if (core.cpl !== 0 && core.u32[at.cr4] & CR4.UMIP) return core.raise(record, GP, 0);
        return core.yield64(core.get("cr0"));
      case 2:
        return core.yield64(core.get("cr2"));
      case 3:
        return core.yield64(core.get("cr3"));
      case 4:
        return core.yield64(core.get("cr4"));
      case 8:
        return core.yield64(core.board.apic ? BigInt(core.board.apic.priority) : core.get("cr8"));
      default:
        return core.raise(record, UD);
    }
  };

  /** Argument 0 the number, 1 the value. */
  readonly write = (record: number): number => {
    const { core } = this;
    // The one that is written often.
    if (core.argument(0) === 3) return this.writeCr3(record, core.argument(1), core.u32[at.argument + 3]);
    const value = core.argument64(1);
    switch (core.argument(0)) {
      case 0:
        return this.writeCr0(record, value);
      case 2:
        core.set("cr2", value);
        return 0;
      case 4:
        return this.writeCr4(record, value);
      case 8:
        if (value > 15n) return core.raise(record, GP, 0);
        return this.writePriority(Number(value));
      default:
        return core.raise(record, UD);
    }
  };

  /** CR8 is the task priority of the local APIC (SDM 3, 11.8.6): a lower one may let an interrupt through. */
  private writePriority(value: number): number {
    const { core } = this;
    core.set("cr8", BigInt(value));
    if (!core.board.apic) return 0;
    core.board.apic.priority = value;
    return EXIT.leaveNext;
  }

  private writeCr0(record: number, wide: bigint): number {
    const { core } = this;
    const { u32 } = core;
    const before = u32[at.cr0];
    const value = ((Number(wide & 0xffff_ffffn) & CR0_BITS) | CR0.ET) >>> 0;
    const paging = (value & CR0.PG) !== 0;
    if (wide >> 32n || (paging && !(value & CR0.PE)) || (value & CR0.NW && !(value & CR0.CD)))
      return core.raise(record, GP, 0);
    const rises = paging && !(before & CR0.PG);
    if (rises && !this.mayStartPaging()) return core.raise(record, GP, 0);
    if (rises && this.usesPae() && !(u32[at.efer] & EFER.LME)) {
      const failed = this.checkPointers(record, u32[at.cr3]);
      if (failed) return failed;
    }
    // Paging can be left from compatibility mode only (SDM 3, 10.8.5.4).
    if (!paging && before & CR0.PG && core.long64) return core.raise(record, GP, 0);
    u32[at.cr0] = value;
    if (rises && u32[at.efer] & EFER.LME) u32[at.efer] |= EFER.LMA;
    if (!paging) u32[at.efer] &= ~EFER.LMA;
    if ((before ^ value) & CR0_PAGING && (before | value) & CR0.PG) this.flush();
    this.modeChanged();
    return EXIT.leaveNext;
  }

  /** SDM 3, 10.8.5: IA-32e mode wants PAE, a CS without L, and no 16-bit TSS. */
  private mayStartPaging(): boolean {
    const { u32 } = this.core;
    if (!(u32[at.efer] & EFER.LME)) return true;
    const type = systemType(u32[at.segmentAccess + TR]);
    const task16 =
      (u32[at.segmentAccess + TR] & ACCESS.unusable) === 0 &&
      (type === 1 || type === 3) &&
      (u32[at.selector + TR] & 0xfffc) !== 0;
    return this.usesPae() && (u32[at.segmentAccess + CS] & ACCESS.long) === 0 && !task16;
  }

  private usesPae(): boolean {
    return (this.core.u32[at.cr4] & CR4.PAE) !== 0;
  }

  private paeActive(): boolean {
    const { u32 } = this.core;
    return (u32[at.cr0] & CR0.PG) !== 0 && this.usesPae() && !this.core.longActive;
  }

  /** PAE directory pointers: reserved bits are #GP(0) when they are loaded (SDM 3, 4.4.1). */
  private checkPointers(record: number, cr3: number): number {
    const { core } = this;
    for (let i = 0; i < 4; i++) {
      const entry = this.access.readPhysical64((cr3 & 0xffff_ffe0) + 8 * i);
      if (entry & 1n && (entry >> BigInt(PHYSICAL_BITS) || entry & 0x1e6n)) return core.raise(record, GP, 0);
    }
    return 0;
  }

  private writeCr3(record: number, low: number, high: number): number {
    const { core } = this;
    if (core.longActive && high >>> (PHYSICAL_BITS - 32)) return core.raise(record, GP, 0);
    if (this.paeActive()) {
      const failed = this.checkPointers(record, low);
      if (failed) return failed;
    }
    this.loadCr3(low, high);
    return core.goOnNext(record);
  }

  /** Global pages stay (SDM 3, 4.10.4.1). */
  loadCr3(low: number, high = 0): void {
    const { core } = this;
    const { u32 } = core;
    u32[at.cr3] = low;
    u32[at.cr3 + 1] = high;
    if (u32[at.cr4] & CR4.PGE) this.lookaside.flushLocal();
    else this.lookaside.flushAll();
    core.hooks.enterSpace(u32[at.cr3], high);
  }

  private writeCr4(record: number, wide: bigint): number {
    const { core } = this;
    const { u32 } = core;
    const before = u32[at.cr4];
    const value = Number(wide & 0xffff_ffffn);
    if (wide >> 32n || value & ~(core.levels5 ? CR4_BITS : CR4_BITS & ~CR4.LA57)) return core.raise(record, GP, 0);
    if (core.longActive && (!(value & CR4.PAE) || (before ^ value) & CR4.LA57)) return core.raise(record, GP, 0);
    const startsPae = (value & CR4.PAE) !== 0 && !(before & CR4.PAE) && (u32[at.cr0] & CR0.PG) !== 0;
    if (startsPae) {
      const failed = this.checkPointers(record, u32[at.cr3]);
      if (failed) return failed;
    }
    u32[at.cr4] = value;
    if ((before ^ value) & CR4_PAGING) this.flush();
    if ((before ^ value) & CR4.DE) this.debug.refresh();
    return EXIT.leaveNext;
  }

  private flush(): void {
    this.lookaside.flushAll();
    this.core.hooks.flushJumps();
  }

  readonly flushAll = (): void => this.flush();

  /** Argument 0 a linear address. A non-canonical one does nothing (SDM 2A INVLPG). */
  readonly invlpg = (record: number): number => {
    const { core } = this;
    if (core.cpl !== 0) return core.raise(record, GP, 0);
    if (!this.invalidate(core.argument(0), core.u32[at.argument + 1])) return 0;
    return core.goOnNext(record);
  };

  /** Whether it concerns code that was fetched: then the present block may not be what comes next. */
  invalidate(low: number, high: number): boolean {
    const upper = this.core.longActive ? high : 0;
    this.lookaside.invalidate(low, upper);
    return this.core.hooks.invalidateJumps(low, upper);
  }

  readonly nothing = (): number => 0;

  /** Argument 0 the number: 4 and 5 stand for 6 and 7 unless CR4.DE. */
  private debugRegister(record: number): number {
    const { core } = this;
    const number = core.argument(0);
    if (number > 7 || ((number === 4 || number === 5) && core.u32[at.cr4] & CR4.DE)) {
      core.raise(record, UD);
      return -1;
    }
    if (core.u32[at.dr + 14] & GENERAL_DETECT) {
      core.u32[at.dr + 12] |= GENERAL_DETECT;
      core.raise(record, DB);
      return -1;
    }
    return number === 4 || number === 5 ? number + 2 : number;
  }

  readonly readDebug = (record: number): number => {
    const number = this.debugRegister(record);
    return number < 0 ? EXIT.fault : this.core.yield64(this.core.get("dr", number));
  };

  readonly writeDebug = (record: number): number => {
    const { core } = this;
    const number = this.debugRegister(record);
    if (number < 0) return EXIT.fault;
    const value = core.argument64(1);
    if (number >= 4 && value >> 32n) return core.raise(record, GP, 0);
    const low = Number(value & 0xffff_ffffn);
    if (number < 4) core.set("dr", value, number);
    else core.u32[at.dr + 2 * number] = number === 6 ? DR6_FIXED | (low & DR6_BITS) : DR7_FIXED | (low & DR7_BITS);
    if (number !== 6) this.debug.refresh();
    return EXIT.leaveNext;
  };
}
