/** Port instructions: who may use a port (SDM 1, 19.5), and what the board wants afterwards. */
import { EXIT } from "../record";
import { at, GP, TR, type Core } from "./core";
import type { Access } from "./access";
import type { DebugRegisters } from "./debug";
import type { Paging } from "./paging";
import { systemType } from "./segments";

const BITMAP_BASE = 0x66;

export class Ports {
  /** The board raised its attention during a port access; the run loop takes it. */
  attention = false;

  constructor(
    private readonly core: Core,
    private readonly access: Access,
    private readonly paging: Paging,
    private readonly debug: DebugRegisters,
    private readonly flush: () => void,
  ) {}

  /** Arguments 0 port, 1 bytes. */
  readonly input = (record: number): number => {
    const { core } = this;
    const port = core.argument(0) & 0xffff;
    const size = core.argument(1) as 1 | 2 | 4;
    if (this.check(record, port, size)) return EXIT.fault;
    core.yield32(core.board.portRead(port, size));
    return this.afterwards();
  };

  /** Arguments 0 port, 1 bytes, 2 value. */
  readonly output = (record: number): number => {
    const { core } = this;
    const port = core.argument(0) & 0xffff;
    const size = core.argument(1) as 1 | 2 | 4;
    if (this.check(record, port, size)) return EXIT.fault;
    const value = core.argument(2);
    core.board.portWrite(port, size, size === 4 ? value : value & (size === 2 ? 0xffff : 0xff));
    return this.afterwards();
  };

  /** Arguments 0 port, 1 bytes. CPL exceeds IOPL, or this is virtual-8086 mode. */
  readonly permission = (record: number): number =>
    this.allowedByBitmap(record, this.core.argument(0) & 0xffff, this.core.argument(1));

  /** A changed A20 mask makes every translation stale. */
  private afterwards(): number {
    if (!this.core.board.takeAttention()) return 0;
    this.attention = true;
    if (this.paging.refreshMask()) this.flush();
    return EXIT.leaveNext;
  }

  private check(record: number, port: number, size: number): number {
    const { core } = this;
    const free = !core.protectedMode || (core.cpl <= core.iopl && !core.virtual8086);
    if (!free && this.allowedByBitmap(record, port, size)) return EXIT.fault;
    return this.debug.watchesPorts ? this.access.noteBreakpoints(record, this.debug.hitPort(port, size)) : 0;
  }

  /** The I/O permission bitmap of a 32- or 64-bit TSS: two bytes are read, and both must lie inside the limit. */
  private allowedByBitmap(record: number, port: number, size: number): number {
    const { core, access } = this;
    const limit = core.u32[at.segmentLimit + TR];
    const base = at.segmentBase + 2 * TR;
    const type = systemType(core.u32[at.segmentAccess + TR]);
    if ((type !== 9 && type !== 11) || limit < BITMAP_BASE + 1) return core.raise(record, GP, 0);
    const from = access.locateIn(record, base, BITMAP_BASE, 2);
    if (from === 0) return EXIT.fault;
    const offset = core.view.getUint16(from, true) + (port >>> 3);
    if (offset + 1 > limit) return core.raise(record, GP, 0);
    const bits = access.locateIn(record, base, offset, 2);
    if (bits === 0) return EXIT.fault;
    const denied = (core.view.getUint16(bits, true) >>> (port & 7)) & ((1 << size) - 1);
    return denied ? core.raise(record, GP, 0) : 0;
  }
}
