/**
 * Looks at the machine between two instructions and makes the panels' parts of a frame. Everything here is read out of guest memory and
 * registers; the machine does not notice.
 */
import type { CpuSnapshot } from "../engine/board";
import { readChannels } from "../lens/channels";
import { readMemory } from "../lens/frames";
import type { HeraldMap } from "../lens/map";
import { GuestMemory, type Paging } from "../lens/memory";
import { mappedRanges, walkAddress, type Walk } from "../lens/pageTables";
import {
  currentPid,
  processStruct,
  readProcesses,
  savedPlace,
  tablesOwner,
  type ProcessKey,
  type ProcessStruct,
} from "../lens/processes";
import { namedRegions } from "../lens/regions";
import { Symbols } from "../lens/symbols";
import { readTopics } from "../lens/topics";
import { TraceDrain, type DrainPlace } from "../lens/trace";
import { viewCpu, type Visible } from "./cpuView";
import type { Frame, PageTablesView, PanelName, View } from "./protocol";

const CR0_PG = 0x8000_0000n;
const CR4_LA57 = 0x1000n;
const EFER_LMA = 0x400n;

/** The parts of a frame that panels asked for. */
export type Parts = Pick<Frame, "screen" | "processes" | "pageTables" | "topics" | "channels" | "cpu" | "memory">;

/** 4- or 5-level paging in force; the 32-bit forms have no reader. */
function pagingOf({ cr0, cr3, cr4, efer }: CpuSnapshot): Paging | undefined {
  if ((cr0 & CR0_PG) === 0n || (efer & EFER_LMA) === 0n) return undefined;
  return { cr3, levels: cr4 & CR4_LA57 ? 5 : 4 };
}

const keyOf = (process: ProcessStruct): ProcessKey => ({
  pid: process.number("pid"),
  generation: process.number("generation"),
});

export class Observer {
  private readonly kernelSymbols: Symbols;
  private readonly programSymbols = new Map<string, Symbols>();
  private readonly trace: TraceDrain;

  constructor(
    private readonly machine: Visible,
    /** Absent for a foreign image: then nothing of Herald is looked for. */
    private readonly map: HeraldMap | undefined,
    private readonly ticksPerMicrosecond: number,
    onRecords?: (taken: number, records: Uint8Array) => void,
  ) {
    this.trace = new TraceDrain(undefined, onRecords);
    this.kernelSymbols = new Symbols(map?.symbols);
    for (const [name, table] of map?.programs ?? []) this.programSymbols.set(name, new Symbols(table));
  }

  private memory(snapshot: CpuSnapshot): GuestMemory {
    return new GuestMemory(this.machine.cpu.ram, this.map, pagingOf(snapshot));
  }

  /** Herald's memory; undefined until the kernel runs: before that, RAM may hold the remains of an earlier one. */
  private herald(snapshot: CpuSnapshot): GuestMemory | undefined {
    return this.map && pagingOf(snapshot) ? this.memory(snapshot) : undefined;
  }

  /** The kernel rang the doorbell: its ring must be emptied before it runs over. */
  drainTrace(): void {
    if (this.map) this.trace.drain(new GuestMemory(this.machine.cpu.ram, this.map, undefined));
  }

  takeTrace(): { readonly records: ArrayBuffer; readonly lost: number } {
    this.drainTrace();
    return this.trace.take();
  }

  /** How far the trace has been read, up to now. */
  get tracePlace(): DrainPlace {
    this.drainTrace();
    return this.trace.place;
  }

  /** The machine was taken to an instant at which the trace had been read so far. */
  moveTrace(place: DrainPlace): void {
    this.trace.moveTo(place);
  }

  parts(view: View): Parts {
    const { cpu } = this.machine;
    const snapshot = cpu.snapshot();
    const herald = this.herald(snapshot);
    const wants = (...panels: PanelName[]) => panels.some((panel) => view.panels.includes(panel));
    const place = {
      time: cpu.clock,
      ticksPerMicrosecond: this.ticksPerMicrosecond,
      rip: snapshot.rip,
      rsp: snapshot.registers[4],
    };
    // Every panel names processes by the table, so it comes along whenever anything of Herald is shown.
    const processes =
      herald && wants("processes", "timeline", "topics", "messages", "pageTables", "memory", "boot")
        ? readProcesses(herald, place)
        : undefined;
    return {
      screen: wants("console") ? this.machine.screen() : undefined,
      processes,
      topics: herald && wants("topics", "messages") ? readTopics(herald) : undefined,
      channels: herald && wants("topics") ? readChannels(herald) : undefined,
      memory: herald && wants("memory") ? readMemory(herald) : undefined,
      pageTables: wants("pageTables") ? this.pageTables(snapshot, view) : undefined,
      cpu: wants("cpu") ? viewCpu(this.machine, this.symbols(herald, snapshot), view.syntax) : undefined,
    };
  }

  /** In ring 3 the names of the running process's program, else the kernel's. */
  private symbols(herald: GuestMemory | undefined, { cpl }: CpuSnapshot): Symbols {
    if (!herald || cpl !== 3) return this.kernelSymbols;
    const running = processStruct(herald, currentPid(herald) ?? 0);
    return this.programSymbols.get(running?.text("name") ?? "") ?? this.kernelSymbols;
  }

  /** The process whose tables are shown: the selected one while it lives, else the running one. */
  private shownProcess(herald: GuestMemory | undefined, view: View): { process?: ProcessStruct; running: boolean } {
    if (!herald) return { running: true };
    const current = currentPid(herald);
    const selected = view.process && processStruct(herald, view.process.pid);
    if (selected && selected.number("generation") === view.process!.generation)
      return { process: selected, running: selected.number("pid") === current };
    return { process: current === undefined ? undefined : processStruct(herald, current), running: true };
  }

  private pageTables(snapshot: CpuSnapshot, view: View): PageTablesView | undefined {
    const { cpu } = this.machine;
    const now = pagingOf(snapshot);
    if (!now) return undefined;
    const herald = this.herald(snapshot);
    const { process, running } = this.shownProcess(herald, view);
    const root = process && !running ? process.big("page_root") : now.cr3;
    const paging: Paging = { cr3: root, levels: now.levels };
    const memory = new GuestMemory(cpu.ram, this.map, paging);
    const address = view.address ?? this.instructionPointer(herald, process, running, snapshot);
    const walk = walkAddress(memory, paging, address);
    const owner = process && process.big("page_root") !== root && herald ? tablesOwner(herald, root) : undefined;
    const { ranges, omitted } = mappedRanges(memory, paging, namedRegions(memory, owner ?? process));
    return {
      ...(process && { process: keyOf(process) }),
      ...(owner && { owner: keyOf(owner) }),
      cr3: root,
      address,
      levels: walk.levels,
      offsetBits: walk.offsetBits,
      physical: this.translation(paging, now, address, walk),
      ranges,
      rangesOmitted: omitted,
    };
  }

  private instructionPointer(
    herald: GuestMemory | undefined,
    process: ProcessStruct | undefined,
    running: boolean,
    snapshot: CpuSnapshot,
  ): bigint {
    if (!herald || !process || running) return snapshot.rip;
    return savedPlace(herald, process).rip;
  }

  /** In the address space the CPU is in, its own translation; in another one, the same walk by the lens. */
  private translation(paging: Paging, now: Paging, address: bigint, walk: Walk): bigint | undefined {
    if (paging.cr3 !== now.cr3) return walk.physical;
    const user = walk.levels.every((level) => level.badges.includes("U"));
    const physical = this.machine.cpu.translate(address, "read", user);
    return physical === undefined ? undefined : BigInt(physical);
  }
}
