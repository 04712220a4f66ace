/**
 * Decoded code. A block is straight-line code (conditional jumps inside it are left when taken), decoded from physical memory for one
 * mode; its records stand in the RECORDS area. Blocks are found by physical address and mode, so they survive changes of the page
 * tables; a block ends with its page, except that one instruction which crosses into the next page is a block of its own.
 *
 * Invariants: the lookaside lets no generated code write to a page with blocks; every write to it comes here. A dropped block is never
 * entered again: its records lead to the `stale` handler, no jump links to it, no entry of JUMPS names it. When the area is
 * full everything is forgotten, which may happen only while no block runs.
 */
import { decode, type Decoded } from "./decode/decode";
import type { HandlerLibrary } from "./handlers/library";
import { SPECIAL } from "./handlers/special";
import { Jumps } from "./jumps";
import { record, RECORD_BYTES } from "./record";
import { recordsFor, RecordWriter, type Step } from "./records";
import {
  CODE_PAGES,
  type CpuState,
  type GuestPhysical,
  MODE,
  MODE_BITS,
  RECORDS,
  RECORDS_BYTES,
  TRACKED_PAGES,
  type WasmOffset,
} from "./state";

export interface Block {
  readonly record: WasmOffset;
  /** Where its records end. */
  readonly end: WasmOffset;
  readonly instructions: number;
  /** Length in bytes. */
  readonly length: number;
  readonly physical: GuestPhysical;
  readonly mode: number;
  /** Physical address of the page that the last instruction crosses into. */
  readonly secondPage: GuestPhysical | undefined;
  /** Its records that may be linked to other blocks. */
  readonly jumps: readonly WasmOffset[];
  /** Entries of JUMPS that have led to it. */
  readonly entries: Set<number>;
  dropped: boolean;
}

/** What decoding asks of its surroundings. */
export interface CodeSource {
  /** The bytes of a physical page. */
  page(address: GuestPhysical): Uint8Array;
  /** Physical address of the page after the block's, or undefined when fetching from it faults (the fault has been raised). */
  nextPage(): GuestPhysical | undefined;
  /** The page holds code from now on. */
  protect(physicalPage: number): void;
}

/** What was made from blocks learns that they are gone. */
export interface BlocksWatcher {
  /** These, while code may be running. */
  dropped(blocks: Iterable<Block>): void;
  /** All of them; no code runs. */
  forget(): void;
}

const PAGE = 4096;
const LONGEST_BLOCK = 48;
const LONGEST_INSTRUCTION = 15;
/** A page without blocks stays a code page for so many writes: code that is rewritten soon runs again. */
const PATIENCE = 64;
const UD = 6;
const GP = 13;

interface CodePage {
  blocks: Block[];
  /** Which bytes are code: a page may hold variables too. */
  readonly marks: Uint8Array;
  /** Writes since it lost its last block. */
  quietWrites: number;
}

type Decoding = { steps: Step[]; secondPage: GuestPhysical | undefined } | undefined;

export class Blocks {
  private readonly byPlace = new Map<number, Block>();
  /** By the number of the first record. */
  private readonly byRecord: (Block | undefined)[] = [];
  private readonly pages = new Map<number, CodePage>();
  /** 1 for each of them that is memory, for those who write. */
  private readonly codePages: Uint8Array;
  private readonly writer: RecordWriter;
  private cursor: WasmOffset = RECORDS;
  /** Blocks decoded, dropped because their code was written, and times everything was forgotten. */
  readonly counts = { built: 0, dropped: 0, flushes: 0 };
  watcher: BlocksWatcher | undefined;

  constructor(
    private readonly state: CpuState,
    private readonly library: HandlerLibrary,
    private readonly jumps: Jumps,
  ) {
    this.writer = new RecordWriter(state);
    this.codePages = new Uint8Array(state.memory.buffer, CODE_PAGES, TRACKED_PAGES);
  }

  /** The block at a physical address in the present mode; undefined when fetching its only instruction faults. */
  at(physical: GuestPhysical, source: CodeSource): Block | undefined {
    const mode = this.state.get32("mode");
    const known = this.byPlace.get(place(physical, mode));
    if (known && (known.secondPage === undefined || known.secondPage === source.nextPage())) return known;
    if (known) this.drop(new Set([known]));
    return this.build(physical, mode, source);
  }

  /** The block at a physical address in a mode, if it was decoded before. */
  known(physical: GuestPhysical, mode: number): Block | undefined {
    return this.byPlace.get(place(physical, mode));
  }

  /** The steps that a block was made of. Its code is still what it was. */
  stepsOf(block: Block, source: CodeSource): readonly Step[] {
    return this.decode(block.physical, block.mode, source)?.steps.slice(0, block.instructions) ?? [];
  }

  /** The block whose first record this is. */
  startingAt(record: WasmOffset): Block {
    const block = this.byRecord[(record - RECORDS) / RECORD_BYTES];
    if (!block) throw new Error(`no block starts at record ${record.toString(16)}`);
    return block;
  }

  private build(physical: GuestPhysical, mode: number, source: CodeSource): Block | undefined {
    const decoding = this.decode(physical, mode, source);
    if (!decoding) return undefined;
    const { steps, secondPage } = decoding;
    if (this.cursor + recordsFor(steps.length) * RECORD_BYTES > RECORDS + RECORDS_BYTES) this.forget();
    this.library.complete();
    const linkable = (mode & (MODE.long | MODE.code32)) !== 0;
    const position = { inPage: physical % PAGE, linkable, long: (mode & MODE.long) !== 0 };
    const { end, jumps } = this.writer.write(this.cursor, steps, position);
    const length = steps.reduce((sum, step) => sum + step.length, 0);
    const block: Block = {
      record: this.cursor,
      end,
      instructions: steps.length,
      length,
      physical,
      mode,
      secondPage,
      jumps,
      entries: new Set(),
      dropped: false,
    };
    this.cursor = end;
    this.counts.built++;
    this.byPlace.set(place(physical, mode), block);
    this.byRecord[(block.record - RECORDS) / RECORD_BYTES] = block;
    this.keep(block, source);
    return block;
  }

  private decode(physical: GuestPhysical, mode: number, source: CodeSource): Decoding {
    const bytes = source.page(physical - (physical % PAGE));
    const steps: Step[] = [];
    let at = physical % PAGE;
    while (steps.length < LONGEST_BLOCK && at < PAGE) {
      const step = this.step(bytes, at, mode);
      if (step === "truncated") {
        if (steps.length > 0) break;
        return this.decodeCrossing(bytes.subarray(at), mode, source);
      }
      steps.push(step);
      at += step.length;
      if (endsBlock(step)) break;
    }
    return { steps, secondPage: undefined };
  }

  private decodeCrossing(tail: Uint8Array, mode: number, source: CodeSource): Decoding {
    const secondPage = source.nextPage();
    if (secondPage === undefined) return undefined;
    const bytes = new Uint8Array(tail.length + LONGEST_INSTRUCTION);
    bytes.set(tail);
    bytes.set(source.page(secondPage).subarray(0, LONGEST_INSTRUCTION), tail.length);
    const step = this.step(bytes, 0, mode);
    if (step === "truncated") throw new Error("an instruction is longer than 15 bytes and more");
    return { steps: [step], secondPage };
  }

  private step(bytes: Uint8Array, at: number, mode: number): Step | "truncated" {
    const decoded = decode(bytes, at, { long: (mode & MODE.long) !== 0, code32: (mode & MODE.code32) !== 0 });
    switch (decoded.kind) {
      case "truncated":
        return "truncated";
      case "invalid":
        return { kind: "raise", vector: decoded.fault === "#UD" ? UD : GP, length: 1 };
      case "unimplemented":
        return { kind: "unimplemented", length: 1 };
      case "instruction":
        return this.instruction(decoded, mode);
    }
  }

  private instruction(decoded: Decoded, mode: number): Step {
    const { length } = decoded;
    if (decoded.instruction.protectedOnly && !(mode & MODE.protected)) return { kind: "raise", vector: UD, length };
    return { kind: "instruction", decoded, resolved: this.library.resolve(decoded, mode), length };
  }

  // ---- code pages ----

  private keep(block: Block, source: CodeSource): void {
    for (const { page, from, to } of extents(block)) {
      let entry = this.pages.get(page);
      if (!entry) {
        entry = { blocks: [], marks: new Uint8Array(PAGE), quietWrites: 0 };
        this.pages.set(page, entry);
        this.codePages[page] = 1;
        source.protect(page);
      }
      entry.blocks.push(block);
      entry.quietWrites = 0;
      entry.marks.fill(1, from, to);
    }
  }

  /** Bytes were written: drops the blocks made from them. May be called while one of these runs. Whether a page holds code still. */
  written(physical: GuestPhysical, length: number): boolean {
    let code = false;
    for (let left = length; left > 0;) {
      const from = physical % PAGE;
      const count = Math.min(left, PAGE - from);
      if (this.writtenInPage((physical - from) / PAGE, from, from + count)) code = true;
      physical += count;
      left -= count;
    }
    return code;
  }

  private writtenInPage(page: number, from: number, to: number): boolean {
    const entry = this.pages.get(page);
    if (!entry) return false;
    if (entry.blocks.length === 0) {
      if (++entry.quietWrites <= PATIENCE) return true;
      this.pages.delete(page);
      this.codePages[page] = 0;
      return false;
    }
    const { marks } = entry;
    let at = from;
    while (at < to && marks[at] === 0) at++;
    if (at === to) return true;
    const overlaps = (block: Block) =>
      extents(block).some((extent) => extent.page === page && extent.from < to && extent.to > from);
    this.drop(new Set(entry.blocks.filter(overlaps)));
    return true;
  }

  private drop(blocks: ReadonlySet<Block>): void {
    const { u32 } = this.state;
    const records = new Set<WasmOffset>();
    for (const block of blocks) {
      block.dropped = true;
      records.add(block.record);
      this.byPlace.delete(place(block.physical, block.mode));
      for (let at = block.record; at < block.end; at += RECORD_BYTES) {
        // The end goes on at the next RIP, which is right whatever became of the code.
        if (u32[(at + record.handler) >>> 2] !== SPECIAL.end) u32[(at + record.handler) >>> 2] = SPECIAL.stale;
      }
      for (const entry of block.entries) this.jumps.remove(entry, block.record);
      this.counts.dropped++;
    }
    for (const block of blocks) for (const { page } of extents(block)) this.leavePage(page, blocks, records);
    this.watcher?.dropped(blocks);
  }

  private leavePage(page: number, dropped: ReadonlySet<Block>, records: ReadonlySet<WasmOffset>): void {
    const entry = this.pages.get(page);
    if (!entry) return;
    const { u32 } = this.state;
    entry.blocks = entry.blocks.filter((block) => !dropped.has(block));
    entry.marks.fill(0);
    for (const block of entry.blocks) {
      for (const jump of block.jumps) {
        if (records.has(u32[(jump + record.link) >>> 2])) u32[(jump + record.link) >>> 2] = 0;
      }
      for (const extent of extents(block)) {
        if (extent.page === page) entry.marks.fill(1, extent.from, extent.to);
      }
    }
  }

  /** Everything, and the area is empty again. Not while a block runs. */
  forget(): void {
    this.watcher?.forget();
    this.byPlace.clear();
    this.byRecord.length = 0;
    for (const page of this.pages.keys()) this.codePages[page] = 0;
    this.pages.clear();
    this.cursor = RECORDS;
    this.counts.flushes++;
    this.jumps.flush();
  }
}

const place = (physical: GuestPhysical, mode: number): number => physical * (1 << MODE_BITS) + mode;

function endsBlock(step: Step): boolean {
  return step.kind !== "instruction" || step.resolved.jumps || step.decoded.instruction.endsBlock === true;
}

interface Extent {
  page: number;
  /** Offsets in the page. */
  from: number;
  to: number;
}

function extents(block: Block): Extent[] {
  const page = Math.floor(block.physical / PAGE);
  const from = block.physical % PAGE;
  if (block.secondPage === undefined) return [{ page, from, to: from + block.length }];
  return [
    { page, from, to: PAGE },
    { page: Math.floor(block.secondPage / PAGE), from: 0, to: from + block.length - PAGE },
  ];
}
