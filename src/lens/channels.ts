/** The other ways to talk: message queues and shared memory segments, as the kernel's tables list them. */
import { constants, structs, type Struct } from "../herald/layout";
import { walkList } from "./list";
import type { GuestMemory } from "./memory";
import { processStruct, type ProcessKey } from "./processes";
import type { StructView } from "./structures";

export interface ChannelsView {
  readonly queues: readonly QueueView[];
  readonly segments: readonly SegmentView[];
  /** Why the view may be incomplete at this instant. */
  readonly note?: string;
}

export interface QueueView {
  readonly number: number;
  readonly depth: number;
  readonly count: number;
  /** Data bytes in it. */
  readonly bytes: number;
  /** Messages ever. */
  readonly sent: number;
  /** Who has it open. */
  readonly users: readonly ProcessKey[];
  /** Who waits for room, and who for a message. */
  readonly senders: readonly ProcessKey[];
  readonly receivers: readonly ProcessKey[];
}

export interface SegmentView {
  readonly number: number;
  readonly bytes: number;
  /** Where it is attached, the same in every process. */
  readonly address: bigint;
  /** Who has it attached. */
  readonly users: readonly ProcessKey[];
  /** Who waits for a word in it to change. */
  readonly waiters: readonly ProcessKey[];
}

const WORD_BITS = 64;

/** The processes whose bits are set in a field of two 64-bit words. */
function usersOf(memory: GuestMemory, view: { big(name: "users", index: number): bigint }): ProcessKey[] {
  const users: ProcessKey[] = [];
  for (let pid = 0; pid < constants.MAX_PROCESSES; pid++) {
    if (((view.big("users", Math.floor(pid / WORD_BITS)) >> BigInt(pid % WORD_BITS)) & 1n) === 0n) continue;
    users.push({ pid, generation: processStruct(memory, pid)?.number("generation") ?? 0 });
  }
  return users;
}

function waiting(memory: GuestMemory, head: bigint, notes: string[]): ProcessKey[] {
  const { items, note } = walkList(memory, head, structs.process, "ready_link", constants.MAX_PROCESSES);
  if (note) notes.push(note);
  return items.map((one) => ({ pid: one.number("pid"), generation: one.number("generation") }));
}

/** The structures that a table of pointers names; a slot that is 0 is free. */
function entries<Names extends string>(
  memory: GuestMemory,
  symbol: string,
  length: number,
  structure: Struct<Names>,
  notes: string[],
): StructView<Names>[] {
  const table = memory.symbol(symbol);
  if (table === undefined) return [];
  const found: StructView<Names>[] = [];
  for (let index = 0; index < length; index++) {
    const pointer = memory.u64(table + BigInt(index * 8));
    if (pointer === undefined || pointer === 0n) continue;
    const entry = memory.structure(structure, pointer);
    if (entry) found.push(entry);
    else notes.push(`slot ${index} of ${symbol} leads out of memory`);
  }
  return found;
}

export function readChannels(memory: GuestMemory): ChannelsView {
  const notes: string[] = [];
  const queues = entries(memory, "queue_table", constants.MAX_QUEUES, structs.message_queue, notes).map((queue) => ({
    number: queue.number("number"),
    depth: queue.number("depth"),
    count: queue.number("count"),
    bytes: queue.number("bytes"),
    sent: queue.number("sent"),
    users: usersOf(memory, queue),
    senders: waiting(memory, queue.addressOf("senders"), notes),
    receivers: waiting(memory, queue.addressOf("receivers"), notes),
  }));
  const segments = entries(memory, "segment_table", constants.MAX_SEGMENTS, structs.segment, notes).map((segment) => ({
    number: segment.number("number"),
    bytes: segment.number("pages") * constants.PAGE_SIZE,
    address: constants.SEGMENT_BASE + BigInt(segment.number("index")) * BigInt(constants.SEGMENT_MAX),
    users: usersOf(memory, segment),
    waiters: waiting(memory, segment.addressOf("waiters"), notes),
  }));
  return {
    queues: queues.sort((a, b) => a.number - b.number),
    segments: segments.sort((a, b) => a.number - b.number),
    ...(notes.length > 0 && { note: notes.slice(0, 3).join("; ") }),
  };
}
