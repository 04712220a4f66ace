/**
 * Decoded code. A block is straight-line code (conditional jumps inside it are left when taken), decoded from physical memory for one
 * mode; its records stand in the RECORDS area. Blocks are found by physical address and mode, so they survive changes of the page
 * tables; a block ends with its page, except that one instruction which crosses into the next page is a block of its own.
 *
 * Invariants: the lookaside lets no generated code write to a page with blocks; every write to it comes here. A dropped block is never
 * entered again: its records lead to the `stale` handler, no jump links to it, no entry of JUMPS names it. When the area is
 * full everything is forgotten, which may happen only while no block runs.
 */
import type { Block } from "./block";
import { CodePage } from "./codepage";
import { decode, type Decoded } from "./decode/decode";
import type { HandlerLibrary } from "./handlers/library";
import { SPECIAL } from "./handlers/special";
import { Jumps } from "./jumps";
import { record, RECORD_BYTES } from "./record";
import { recordsFor, RecordWriter, type Step } from "./records";
import { findVersion, Rewritten, type Version } from "./rewritten";
import { CODE_PAGES, RECORDS, TRACKED_PAGES, type WasmOffset } from "./areas";
import { type CpuState, type GuestPhysical, MODE, MODE_BITS } from "./state";

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

type Decoding = { steps: Step[]; secondPage: GuestPhysical | undefined } | undefined;

export class Blocks {
  private readonly byPlace = new Map<number, Block>();
  /** By the number of the first record. */
  private readonly byRecord: (Block | undefined)[] = [];
  private readonly pages = new Map<number, CodePage>();
  /** 1 for each of them that is memory, for those who write. */
  private readonly codePages: Uint8Array;
  private readonly writer: RecordWriter;
  /** Wasm memory. */
  private readonly records: Uint8Array;
  private readonly rewritten = new Rewritten<Block>();
  private cursor: WasmOffset = RECORDS.at;
  /** Blocks decoded, taken up again, dropped because their code was written, and times everything was forgotten. */
  readonly counts = { built: 0, again: 0, dropped: 0, flushes: 0 };
  watcher: BlocksWatcher | undefined;

  constructor(
    private readonly state: CpuState,
    private readonly library: HandlerLibrary,
    private readonly jumps: Jumps,
  ) {
    this.writer = new RecordWriter(state);
    this.records = new Uint8Array(state.memory.buffer);
    this.codePages = new Uint8Array(state.memory.buffer, CODE_PAGES.at, TRACKED_PAGES);
  }

  /** The block at a physical address in the present mode; undefined when fetching its only instruction faults. */
  at(physical: GuestPhysical, source: CodeSource): Block | undefined {
    const mode = this.state.get32("mode");
    const here = place(physical, mode);
    const known = this.byPlace.get(here);
    if (known && (known.secondPage === undefined || known.secondPage === source.nextPage())) return known;
    if (known) this.drop(new Set([known]));
    const versions = this.rewritten.at(here);
    if (!versions) return this.build(physical, mode, source);
    const from = physical % PAGE;
    const version = findVersion(versions, source.page(physical - from), from);
    return version ? this.takeUp(version, here, source) : this.build(physical, mode, source);
  }

  /** The block at a physical address in a mode, if it was decoded before. */
  known(physical: GuestPhysical, mode: number): Block | undefined {
    return this.byPlace.get(place(physical, mode));
  }

  /** The steps that a block was made of. Its code is still what it was. */
  stepsOf(block: Block, source: CodeSource): readonly Step[] {
    return this.decode(block.physical, block.mode, source)?.steps.slice(0, block.instructions) ?? [];
  }

  /** Room for records that belong to no block, until everything is forgotten; undefined when there is none. */
  reserve(records: number): WasmOffset | undefined {
    const at = this.cursor;
    if (at + records * RECORD_BYTES > RECORDS.end) return undefined;
    this.cursor += records * RECORD_BYTES;
    return at;
  }

  /** The block whose first record this is. */
  startingAt(record: WasmOffset): Block {
    const block = this.byRecord[(record - RECORDS.at) / RECORD_BYTES];
    if (!block) throw new Error(`no block starts at record ${record.toString(16)}`);
    return block;
  }

  private build(physical: GuestPhysical, mode: number, source: CodeSource): Block | undefined {
    const decoding = this.decode(physical, mode, source);
    if (!decoding) return undefined;
    const { steps, secondPage } = decoding;
    if (this.cursor + recordsFor(steps.length) * RECORD_BYTES > RECORDS.end) this.forget();
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
    const here = place(physical, mode);
    this.enter(block, here, source);
    if (secondPage === undefined && this.rewritten.at(here)) this.keepVersion(block, here, source);
    return block;
  }

  private enter(block: Block, here: number, source: CodeSource): void {
    this.byPlace.set(here, block);
    this.byRecord[(block.record - RECORDS.at) / RECORD_BYTES] = block;
    this.keep(block, source);
  }

  /** Its code was written before, and may come back as it is now. Call before anything is linked. */
  private keepVersion(block: Block, here: number, source: CodeSource): void {
    const { record: at, physical, length } = block;
    const from = physical % PAGE;
    const code = source.page(physical - from).slice(from, from + length);
    this.rewritten.keep(here, { code, at, records: this.records.slice(at, block.end), block });
  }

  /** The code is again what it was when this was decoded. The block of then stays dropped: whoever knew it has forgotten it. */
  private takeUp({ at, records, block }: Version<Block>, here: number, source: CodeSource): Block {
    this.records.set(records, at);
    const again: Block = { ...block, entries: new Set(), dropped: false };
    this.counts.again++;
    this.enter(again, here, source);
    return again;
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
    const looked = Math.min(LONGEST_INSTRUCTION, bytes.length - at);
    switch (decoded.kind) {
      case "truncated":
        return "truncated";
      case "invalid":
        // It depends on all bytes that were looked at.
        return { kind: "raise", vector: decoded.fault === "#UD" ? UD : GP, length: looked };
      case "unimplemented":
        return { kind: "unimplemented", length: looked };
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
    for (const page of pagesOf(block)) {
      let entry = this.pages.get(page);
      if (!entry) {
        this.pages.set(page, (entry = new CodePage(page)));
        this.codePages[page] = 1;
        source.protect(page);
      }
      entry.add(block);
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
    if (entry.blocks.size === 0) {
      if (++entry.quietWrites <= PATIENCE) return true;
      this.pages.delete(page);
      this.codePages[page] = 0;
      return false;
    }
    if (entry.holds(from, to)) this.drop(entry.overlapping(from, to));
    return true;
  }

  private drop(blocks: ReadonlySet<Block>): void {
    const { u32 } = this.state;
    for (const block of blocks) {
      block.dropped = true;
      const here = place(block.physical, block.mode);
      this.byPlace.delete(here);
      for (let at = block.record; at < block.end; at += RECORD_BYTES) {
        // The end goes on at the next RIP, which is right whatever became of the code.
        if (u32[(at + record.handler) >>> 2] !== SPECIAL.end) u32[(at + record.handler) >>> 2] = SPECIAL.stale;
      }
      for (const entry of block.entries) this.jumps.remove(entry, block.record);
      if (block.secondPage === undefined) this.rewritten.dropped(here);
      this.counts.dropped++;
    }
    for (const block of blocks) this.leavePages(block);
    this.watcher?.dropped(blocks);
  }

  private leavePages(block: Block): void {
    const { u32 } = this.state;
    for (const page of pagesOf(block)) this.pages.get(page)?.remove(block);
    const first = this.pages.get((block.physical - (block.physical % PAGE)) / PAGE);
    for (const jump of first?.jumpsTo(block) ?? []) {
      const link = (jump + record.link) >>> 2;
      if (u32[link] === block.record) u32[link] = 0;
    }
  }

  /** Everything, and the area is empty again. Not while a block runs. */
  forget(): void {
    this.watcher?.forget();
    this.rewritten.clear();
    this.byPlace.clear();
    this.byRecord.length = 0;
    for (const page of this.pages.keys()) this.codePages[page] = 0;
    this.pages.clear();
    this.cursor = RECORDS.at;
    this.counts.flushes++;
    this.jumps.flush();
  }
}

const place = (physical: GuestPhysical, mode: number): number => physical * (1 << MODE_BITS) + mode;

function endsBlock(step: Step): boolean {
  return step.kind !== "instruction" || step.resolved.jumps || step.decoded.instruction.endsBlock === true;
}

function pagesOf({ physical, secondPage }: Block): readonly number[] {
  const page = (physical - (physical % PAGE)) / PAGE;
  return secondPage === undefined ? [page] : [page, secondPage / PAGE];
}
