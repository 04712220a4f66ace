/**
 * What Herald's memory looks like: every structure, constant and enumeration that somebody outside the kernel reads.
 *
 * This file is the only description. `generate.ts` writes `include/layout.h` from it (C structures with static
 * assertions on every offset), and TypeScript reads guest memory through it at run time:
 *
 *     structs.process.size                     bytes
 *     structs.process.fields.pid               { offset, type: "u32", size: 4, count: 1, text }
 *     structs.process.fields.mailbox           { offset, type: "struct", struct: <the mailbox structure>, ... }
 *     enums.process_state.byName.ready         1
 *     enums.process_state.byValue[1]           "ready"
 *     constants.MAX_PROCESSES                  64
 *     read(structs.process, view, at)          { pid: 3, name: "init", page_root: 1056768n, ... }
 *
 * Conventions. Names are the C names. All integers are little-endian. `u64`, `i64` and `pointer` read as bigint,
 * smaller integers as number, `char` arrays as a string up to the first NUL, other arrays as arrays, an embedded structure as an
 * object. A `pointer` is a 64-bit kernel virtual address (0 is none). Times are TSC values unless the text says otherwise.
 *
 * Where things are. The map (`public/herald.map.json`) gives the virtual address of each global; the ones to start from:
 *
 *     process_table   structs.process[MAX_PROCESSES], index is the PID; slot 0 is the idle process
 *     current_pid     u32, the process on the CPU            mutex_lock    structs.mutex, the process manager's lock
 *     scheduler       structs.scheduler (ready queue, sleepers, quantum)
 *     topic_table     structs.topic_table                    notify_queue  structs.notify_queue
 *     trace_ring      structs.trace_ring, the records directly behind it
 *     frame_allocator structs.frame_allocator                heap          structs.heap
 *     boot_info       structs.boot_info
 *
 * A kernel address in [kernelVirtualBase, +1 GiB) is physical address - kernelVirtualBase; one at or above directMapBase is
 * physical address - directMapBase; heap and kernel stacks are mapped page by page: walk the page tables of any process.
 *
 * Lists are circular and doubly linked (structs.list_node). A list head is a node too: an empty one points to itself. To come from
 * a node to the structure that contains it, subtract the offset of the node's field.
 */

export const layoutVersion = 2;

// ---- the notation -------------------------------------------------------------------------------------------------------

export type ScalarType = "u8" | "u16" | "u32" | "u64" | "i32" | "i64" | "char" | "pointer";
export type FieldType = ScalarType | "struct";

interface FieldSpec {
  readonly type: FieldType;
  readonly count: number;
  readonly text: string;
  /** The embedded structure when type is "struct". */
  readonly struct?: Struct;
  /** What a pointer points to, as C writes it (without the star); "void" when nobody needs to know. */
  readonly target?: string;
}

export interface Field extends FieldSpec {
  readonly offset: number;
  /** Bytes of one element. */
  readonly size: number;
}

export interface Struct<Names extends string = string> {
  readonly name: string;
  readonly text: string;
  readonly size: number;
  readonly alignment: number;
  readonly fields: Readonly<Record<Names, Field>>;
}

const scalarSize: Readonly<Record<ScalarType, number>> = {
  u8: 1,
  u16: 2,
  u32: 4,
  u64: 8,
  i32: 4,
  i64: 8,
  char: 1,
  pointer: 8,
};

const scalar =
  (type: ScalarType) =>
  (text: string, count = 1): FieldSpec => ({ type, count, text });
const u8 = scalar("u8");
const u16 = scalar("u16");
const u32 = scalar("u32");
const u64 = scalar("u64");
const i32 = scalar("i32");
const chars = (count: number, text: string): FieldSpec => ({ type: "char", count, text });
const pointer = (target: string, text: string, count = 1): FieldSpec => ({ type: "pointer", count, text, target });
const embed = (embedded: Struct, text: string, count = 1): FieldSpec => ({
  type: "struct",
  count,
  text,
  struct: embedded,
});

/** Lays the fields out as the x86-64 C ABI does; a gap is an error, so that every byte has a name. */
function struct<Names extends string>(name: string, text: string, spec: Record<Names, FieldSpec>): Struct<Names> {
  const fields = {} as Record<Names, Field>;
  let offset = 0;
  let alignment = 1;
  for (const key of Object.keys(spec) as Names[]) {
    const field = spec[key];
    const size = field.struct ? field.struct.size : scalarSize[field.type as ScalarType];
    const align = field.struct ? field.struct.alignment : size;
    if (offset % align !== 0) throw new Error(`layout: ${name}.${key} at ${offset} is not aligned to ${align}`);
    fields[key] = { ...field, offset, size };
    offset += size * field.count;
    alignment = Math.max(alignment, align);
  }
  if (offset % alignment !== 0) throw new Error(`layout: ${name} has ${offset} bytes, not a multiple of ${alignment}`);
  return { name, text, size: offset, alignment, fields };
}

export interface Enumeration<Names extends string = string> {
  readonly name: string;
  readonly prefix: string;
  readonly text: string;
  readonly byName: Readonly<Record<Names, number>>;
  readonly byValue: Readonly<Record<number, Names>>;
  readonly explain: Readonly<Record<Names, string>>;
}

/** C gets `PREFIX_NAME = value`; each entry is [value, explanation]. */
function enumeration<Names extends string>(
  name: string,
  prefix: string,
  text: string,
  entries: Record<Names, readonly [number, string]>,
): Enumeration<Names> {
  const byName = {} as Record<Names, number>;
  const byValue: Record<number, Names> = {};
  const explain = {} as Record<Names, string>;
  for (const key of Object.keys(entries) as Names[]) {
    const [value, meaning] = entries[key];
    if (byValue[value] !== undefined)
      throw new Error(`layout: ${name}: ${key} and ${byValue[value]} are both ${value}`);
    byName[key] = value;
    byValue[value] = key;
    explain[key] = meaning;
  }
  return { name, prefix, text, byName, byValue, explain };
}

export type Value = number | bigint | string | Record_ | Value[];
export interface Record_ {
  [field: string]: Value;
}

function readScalar(type: ScalarType, view: DataView, at: number): number | bigint {
  switch (type) {
    case "u8":
    case "char":
      return view.getUint8(at);
    case "u16":
      return view.getUint16(at, true);
    case "u32":
      return view.getUint32(at, true);
    case "i32":
      return view.getInt32(at, true);
    case "i64":
      return view.getBigInt64(at, true);
    case "u64":
    case "pointer":
      return view.getBigUint64(at, true);
  }
}

function readText(view: DataView, at: number, count: number): string {
  let text = "";
  for (let i = 0; i < count; i++) {
    const code = view.getUint8(at + i);
    if (code === 0) break;
    text += String.fromCharCode(code);
  }
  return text;
}

/** Reads one field; `at` is where the structure starts in the view. */
export function readField(field: Field, view: DataView, at: number): Value {
  const start = at + field.offset;
  if (field.type === "char") return readText(view, start, field.count);
  const one = (position: number): Value =>
    field.struct ? read(field.struct, view, position) : readScalar(field.type as ScalarType, view, position);
  if (field.count === 1) return one(start);
  return Array.from({ length: field.count }, (_, index) => one(start + index * field.size));
}

/** Reads a whole structure. For hot paths use the offsets directly. */
export function read<Names extends string>(structure: Struct<Names>, view: DataView, at: number): Record<Names, Value> {
  const result = {} as Record<Names, Value>;
  for (const key of Object.keys(structure.fields) as Names[]) result[key] = readField(structure.fields[key], view, at);
  return result;
}

// ---- constants ----------------------------------------------------------------------------------------------------------

/** [value, meaning]; a bigint becomes an unsigned 64-bit constant in C. */
const constantTable = {
  LAYOUT_VERSION: [layoutVersion, "changes whenever a reader must change"],
  PAGE_SIZE: [4096, "bytes of a page and of a frame"],
  KERNEL_VIRTUAL_BASE: [0xffffffff80000000n, "virtual address of physical address 0 in the kernel's own mapping"],
  KERNEL_PHYSICAL_BASE: [0x100000, "where the kernel image is loaded"],
  DIRECT_MAP_BASE: [0xffff800000000000n, "all physical memory, in order, from here"],
  KERNEL_STACKS_BASE: [0xffffff0000000000n, "kernel stack of PID n: n * KERNEL_STACK_STRIDE, guard first"],
  KERNEL_STACK_STRIDE: [0x8000, "distance of two kernel stacks; what is below the stack is never mapped"],
  KERNEL_STACK_SIZE: [0x4000, "bytes of a kernel stack, at the end of its stride"],
  HEAP_BASE: [0xffffff4000000000n, "first byte of the kernel heap"],
  HEAP_LIMIT: [0x2000000, "most bytes the kernel heap may grow to"],
  USER_BASE: [0x400000n, "lowest address a program may use"],
  USER_STACK_TOP: [0x7fffffff0000n, "just above a native process's stack"],
  USER_STACK_LIMIT: [0x40000, "most bytes a user stack may grow to; the page below is the guard and is never mapped"],
  USER_TOP: [0x7ffffffff000n, "just above the highest user address"],
  USER_HEAP_LIMIT: [0x1000000, "most bytes a process may get from grow"],
  NAME_SIZE: [32, "bytes of a process or file name with its NUL"],
  ARGUMENT_SIZE: [256, "bytes of the argument text of spawn with its NUL"],
  WRITE_MAX: [1024, "most bytes of one write to the console; one write is never mixed with another"],
  MAX_PROCESSES: [96, "slots of the process table; slot 0 is the idle process"],
  TOPIC_BUCKETS: [64, "buckets of the topic hash table"],
  MAX_TOPICS: [1024, "most topics that exist at once"],
  MAX_SUBSCRIPTIONS: [64, "most subscriptions of one process"],
  TOPIC_RESERVED: [256, "topics below this are the kernel's"],
  TOPIC_PRIVATE: [
    0xffffff00,
    "TOPIC_PRIVATE + PID is where replies to that process go; nobody may publish or subscribe from here on",
  ],
  TOPIC_ANY: [0xffffffff, "receive: any topic; no topic has this number"],
  MESSAGE_MAX: [65536, "most bytes of a message"],
  NOTIFY_CAPACITY: [256, "slots of the notification queue"],
  NOTIFY_KERNEL_SHARE: [128, "slots of it for the kernel's own messages; the others are for processes"],
  KERNEL_MESSAGES: [2048, "messages the kernel holds ready for interrupt handlers"],
  KERNEL_MESSAGE_SIZE: [64, "most data bytes of one of them"],
  MAILBOX_DEPTH: [16, "slots of a subscription that asks for none"],
  MAILBOX_DEPTH_MAX: [1024, "most slots a subscription may ask for"],
  MAILBOX_BYTES: [0x100000, "most message bytes in the mailbox of one process"],
  PUBLISHER_BYTES: [0x80000, "most of them that one publisher may take"],
  RETAIN_DEPTH_MAX: [64, "most messages a topic may retain; it is 1 until somebody sets it"],
  RETAINED_BYTES: [0x400000, "most bytes that all topics together may retain"],
  PUBLISHER_RETAINED: [0x100000, "most of them that one publisher may have"],
  MAX_QUEUES: [128, "message queues that exist at once"],
  QUEUE_DEPTH_MAX: [256, "most messages a queue may be made for"],
  QUEUE_BYTES: [0x100000, "most message bytes in one queue"],
  MAX_SEGMENTS: [32, "shared memory segments that exist at once"],
  SEGMENT_MAX: [0x400000, "most bytes of a segment"],
  SEGMENT_BASE: [
    0x100000000n,
    "where the first segment is attached; segment n is n * SEGMENT_MAX behind it, in every process",
  ],
  TRACE_CAPACITY: [4096, "records in the trace ring, a power of two"],
  TRACE_DOORBELL_PORT: [0x700, "OUT, 32 bits: low half of trace_ring.head; drain the ring now"],
  TRACE_ADDRESS_PORT: [0x704, "OUT, 32 bits, once at start: physical address of trace_ring"],
  HEAP_CLASSES: [13, "size classes of the kernel heap: 32 bytes, 64, ... 128 KiB"],
  HEAP_MAGIC: [0x48454150, 'first word of every heap block header: "PAEH"'],
  MAX_PROGRAM_LEN: [256, "words of a Program: its instructions, and behind them its variables and texts"],
  SECTOR_SIZE: [512, "bytes of a disk sector"],
  SUPERBLOCK_LBA: [16, "sector of the superblock; 0 is the first sector, 1 to 15 the second stage"],
  SUPERBLOCK_MAGIC: [0x44414c4152454841n, "first 8 bytes of the superblock"],
  DIRECTORY_ENTRIES: [64, "entries of the flat directory"],
  BOOT_INFO_ADDRESS: [0x6000, "physical address of boot_info as the boot stages write it"],
  BOOT_INFO_MAGIC: [0x5449424f, "first word of boot_info"],
  BOOT_STAGES: [8, "boot stages with a time stamp"],
  E820_MAX: [32, "most memory ranges that are kept"],
  FRAME_NONE: [0xffffffff, "frame list: no next frame"],
} as const satisfies Record<string, readonly [number | bigint, string]>;

export const constantText: Readonly<Record<string, readonly [number | bigint, string]>> = constantTable;
export const constants = Object.fromEntries(Object.entries(constantTable).map(([key, [value]]) => [key, value])) as {
  readonly [K in keyof typeof constantTable]: (typeof constantTable)[K][0];
};

// ---- enumerations -------------------------------------------------------------------------------------------------------

export const enums = {
  process_state: enumeration("process_state", "PROCESS", "What a slot of the process table is doing.", {
    free: [0, "nobody; pid, generation and exit_status still tell of the last one"],
    creating: [1, "being built by spawn; not yet schedulable"],
    ready: [2, "in the ready queue"],
    running: [3, "on the CPU"],
    blocked: [4, "waits; wait_reason says for what"],
  }),
  process_kind: enumeration("process_kind", "KIND", "How a process executes.", {
    idle: [0, "the process that halts the CPU when nobody is ready"],
    program: [1, "a Program, interpreted by the kernel one instruction at a time"],
    native: [2, "machine code in ring 3 with its own page tables"],
  }),
  wait_reason: enumeration("wait_reason", "WAIT", "What a blocked process waits for.", {
    none: [0, "not blocked"],
    sleep: [1, "wake_time"],
    receive: [2, "a message for receive"],
    callback: [3, "a callback (pause, or the Program instruction wait)"],
    exit: [4, "the end of another process"],
    queue: [5, "room in the notification queue, or in a subscription that holds its publishers"],
    reply: [6, "the reply to a request"],
    message_queue: [7, "room, or a message, in a message queue"],
    segment: [8, "a wake on a word of a segment"],
  }),
  switch_reason: enumeration("switch_reason", "SWITCH", "Why a process left the CPU.", {
    quantum: [0, "its quantum was used up"],
    block: [1, "it waits for something"],
    yield: [2, "it gave the CPU up"],
    exit: [3, "it ended"],
    wake: [4, "it was the idle process and somebody became ready"],
  }),
  wake_reason: enumeration("wake_reason", "WAKE", "Why a blocked process became ready.", {
    event: [0, "what it waited for happened"],
    timeout: [1, "wake_time came"],
    callback: [2, "a callback waits to be entered"],
    killed: [3, "it was killed"],
  }),
  exit_reason: enumeration("exit_reason", "EXIT", "How a process ended.", {
    normal: [0, "it called exit; status is its own"],
    fault: [1, "an exception in ring 3, or a Program's illegal instruction; status is the vector"],
    killed: [2, "somebody called kill"],
    memory: [3, "out of memory while its stack grew or a callback was entered"],
  }),
  process_flag: enumeration("process_flag", "FLAG", "Bits of process.flags.", {
    system: [1, "may publish on reserved topics"],
    condemned: [2, "was killed: ends at its next step towards user mode"],
  }),
  return_work: enumeration(
    "return_work",
    "RETURN",
    "Bits of process.return_work: what is done on the way back to user mode.",
    {
      condemned: [1, "end the process"],
      callback: [2, "a callback may be entered"],
      traced: [4, "callbacks are traced: entry and end of the next one are written down"],
    },
  ),
  policy: enumeration("policy", "POLICY", "What happens when a subscription's slots are all taken.", {
    drop_oldest: [0, "the oldest message in it gives way"],
    drop_newest: [1, "the new message is not delivered to it"],
    hold: [2, "the publisher waits until there is room; not on reserved topics, where the kernel waits for nobody"],
  }),
  subscribe_flag: enumeration("subscribe_flag", "SUBSCRIBE", "Bits of subscribe_options.flags.", {
    replay: [1, "begins with the messages the topic retains: as many of the newest as there is room for"],
  }),
  publish_flag: enumeration("publish_flag", "PUBLISH", "Bits of publish's flags.", {
    nonblock: [1, "EAGAIN instead of waiting when there is no room"],
    retain: [2, "the topic keeps the message for those who subscribe later"],
    handoff: [
      4,
      "the first receiver this message wakes gets the CPU at once; the publisher goes to the ready queue's end",
    ],
  }),
  message_flag: enumeration("message_flag", "MESSAGE", "Bits of message.flags.", {
    kernel: [1, "from the kernel's own store, goes back there"],
    retain: [2, "its topic keeps it when it is served"],
    request: [4, "its publisher waits for a reply"],
  }),
  topic_number: enumeration("topic_number", "TOPIC", "The kernel's topics.", {
    keyboard: [1, "key_event: keys from the keyboard and bytes from the serial line"],
    process_started: [2, "process_event"],
    process_exited: [3, "process_event, after the process's last message"],
    tick: [4, "tick_event at every timer interrupt, only while somebody subscribes"],
    service_ready: [5, "process_event of a process that called service_ready; retained"],
    memory_low: [6, "memory_event when free memory falls below a sixteenth; retained"],
    boot_stage: [7, "boot_event; retained"],
  }),
  key_source: enumeration("key_source", "KEY_SOURCE", "Where a key came from.", {
    keyboard: [0, "8042"],
    serial: [1, "COM1"],
  }),
  key_modifier: enumeration("key_modifier", "KEY", "Bits of key_event.modifiers.", {
    shift: [1, "a shift key is held"],
    control: [2, "a control key is held"],
    alt: [4, "an alt key is held"],
    caps: [8, "caps lock is on"],
  }),
  key_code: enumeration("key_code", "KEY_CODE", "key_event.character of keys that have no character.", {
    up: [0x101, "arrow up"],
    down: [0x102, "arrow down"],
    left: [0x103, "arrow left"],
    right: [0x104, "arrow right"],
    home: [0x105, "home"],
    end: [0x106, "end"],
    delete: [0x107, "delete"],
    page_up: [0x108, "page up"],
    page_down: [0x109, "page down"],
  }),
  frame_use: enumeration("frame_use", "FRAME", "What a physical frame is used for.", {
    reserved: [0, "not memory, or the firmware's"],
    free: [1, "in the free list"],
    kernel: [2, "the kernel image, its data and the frame table"],
    page_table: [3, "a page table of any level"],
    heap: [4, "kernel heap"],
    kernel_stack: [5, "kernel stack of process owner"],
    user_image: [6, "code or data of native process owner"],
    user_stack: [7, "stack of native process owner"],
    user_heap: [8, "heap of native process owner"],
    segment: [9, "shared memory segment"],
  }),
  heap_state: enumeration("heap_state", "HEAP", "State of a heap block.", {
    free: [0, "in its class's free list"],
    used: [1, "given out"],
  }),
  file_kind: enumeration("file_kind", "FILE", "What a directory entry names.", {
    free: [0, "nothing"],
    text: [1, "text, such as scenario.cfg"],
    program: [2, "the image of a Program structure"],
    executable: [3, "ELF64"],
  }),
  boot_stage: enumeration(
    "boot_stage",
    "BOOT_STAGE",
    "Stages of the boot, in order; the index into boot_info.stage_time.",
    {
      first_sector: [0, "the firmware jumped to 7c00"],
      second_stage: [1, "the second stage is loaded"],
      kernel_loaded: [2, "the kernel is in low memory"],
      memory_map: [3, "E820 answered"],
      a20: [4, "address line 20 is open"],
      protected_mode: [5, "CR0.PE is set"],
      long_mode: [6, "CR0.PG is set with EFER.LME"],
      kernel: [7, "the kernel's first instruction in the higher half"],
      interrupts: [8, "IDT, PIC, PIT ready (only in the trace)"],
      scheduler: [9, "the first process runs (only in the trace)"],
    },
  ),
  trace_kind: enumeration(
    "trace_kind",
    "TRACE",
    "Kinds of trace records; pid, flags, a and b mean what the text says.",
    {
      boot_stage: [0, "a: boot_stage"],
      schedule: [
        1,
        "pid: gets the CPU; flags: switch_reason of the one before; a: PID of the one before; b: generation of pid",
      ],
      block: [
        2,
        "flags: wait_reason; a: wake time in ns of kernel time, 0 for none; b: what it waits for (topic or PID)",
      ],
      wake: [3, "pid: woken; flags: wake_reason; a: PID on the CPU; b: wait_reason it had"],
      fault: [4, "flags: vector; a: RIP; b: CR2 for a page fault, else the error code"],
      syscall_enter: [5, "flags: system call; a, b: first two arguments"],
      syscall_exit: [6, "flags: system call; a: result"],
      publish: [7, "pid: publisher, 0 for the kernel; a: topic | length << 32; b: sequence number"],
      queue: [8, "a: topic | queue length << 32; b: sequence number"],
      deliver: [
        9,
        "pid: receiver; flags: 1 for a callback; a: topic | messages in that subscription << 32; b: sequence number",
      ],
      drop: [
        10,
        "pid: receiver; flags: policy; a: topic | drops since its last message << 32; b: sequence number of the lost one",
      ],
      callback_enter: [11, "a: topic | length << 32; b: sequence number"],
      callback_return: [12, "a: topic; b: sequence number"],
      receive: [13, "a: topic | length << 32; b: sequence number"],
      subscribe: [14, "a: topic | depth << 32; b: callback"],
      unsubscribe: [15, "a: topic"],
      spawn: [16, "pid: the new one; flags: process_kind; a: parent's PID; b: generation"],
      exit: [17, "flags: exit_reason; a: status; b: generation"],
      irq: [18, "flags: interrupt line; a: RIP that was interrupted; b: its CS"],
      console_line: [19, "pid: writer; a: number of bytes written; b: lines the kernel had written before"],
    },
  ),
  system_call: enumeration(
    "system_call",
    "SYS",
    "RAX; arguments in RDI, RSI, RDX, R10, R8; result in RAX, negative is -error.",
    {
      exit: [0, "exit(status)"],
      write: [1, "write(data, length)"],
      yield: [2, "yield()"],
      sleep: [3, "sleep(ms)"],
      getpid: [4, "getpid()"],
      spawn: [5, "spawn(name, arguments) -> PID | generation << 32"],
      wait: [6, "wait(PID | generation << 32, status*, timeout_ms)"],
      kill: [7, "kill(PID | generation << 32; generation 0 is any)"],
      publish: [8, "publish(topic, data, length, flags)"],
      subscribe: [9, "subscribe(topic, callback, subscribe_options*)"],
      unsubscribe: [10, "unsubscribe(topic)"],
      receive: [11, "receive(topic or TOPIC_ANY, buffer, size, timeout_ms, received*)"],
      callback_return: [12, "callback_return()"],
      pause: [13, "pause(timeout_ms): wait until a callback has run"],
      process_list: [14, "process_list(process_info*, count) -> number"],
      topic_list: [15, "topic_list(topic_info*, count) -> number"],
      memory_info: [16, "memory_info(memory_info*)"],
      quantum: [17, "quantum(microseconds, 0 leaves it) -> microseconds"],
      shutdown: [18, "shutdown()"],
      grow: [19, "grow(bytes) -> old end of the heap"],
      read_file: [20, "read_file(name, offset, buffer, size) -> bytes"],
      retain: [21, "retain(topic, depth): how many messages the topic retains; 0 forgets them all"],
      request: [22, "request(request_arguments*) -> length of the reply"],
      reply: [23, "reply(token, data, length)"],
      service_ready: [24, "service_ready()"],
      queue_create: [25, "queue_create(number, depth) -> handle"],
      queue_open: [26, "queue_open(number) -> handle"],
      queue_close: [27, "queue_close(handle)"],
      queue_send: [28, "queue_send(handle, data, length, timeout_ms)"],
      queue_receive: [29, "queue_receive(handle, buffer, size, timeout_ms) -> length"],
      segment_attach: [30, "segment_attach(number, bytes; 0: it must exist) -> address"],
      segment_detach: [31, "segment_detach(number)"],
      segment_wait: [32, "segment_wait(address, expected, timeout_ms)"],
      segment_wake: [33, "segment_wake(address, count) -> number woken"],
      serve: [35, "serve(timeout_ms): runs callbacks as they come until time is up"],
      debug: [34, "debug(debug_operation, value); ENOSYS unless scenario.cfg says debug=1"],
    },
  ),
  debug_operation: enumeration("debug_operation", "DEBUG", "First argument of the call debug.", {
    allocations: [0, "-> allocations (heap blocks and frames) this process has asked for so far, in its system calls"],
    fail_allocation: [1, "the value-th allocation of this process from now on finds no memory; 0: none does"],
    check_heap: [2, "looks at every heap block and frame: headers, guards, counts -> 0, or panics with what is wrong"],
    heap_blocks: [3, "-> heap blocks in use"],
    trace: [4, "value: the trace's mask -> the mask before"],
    quantum: [5, "value: a quantum in microseconds from 5 on, for tests of preemption"],
  }),
  error: enumeration("error", "E", "System calls return the negative.", {
    PERM: [1, "not permitted"],
    NOENT: [2, "no such thing"],
    SRCH: [3, "no such process"],
    INTR: [4, "a callback ran before it was done"],
    IO: [5, "the disk failed"],
    TOOBIG: [7, "argument too long"],
    NOEXEC: [8, "not a program that can run here"],
    AGAIN: [11, "it would have to wait"],
    NOMEM: [12, "out of memory"],
    FAULT: [14, "bad address"],
    BUSY: [16, "in use"],
    EXIST: [17, "exists already"],
    INVAL: [22, "invalid argument"],
    NOSPC: [28, "a table is full"],
    DEADLK: [35, "it would wait for itself"],
    NOSYS: [38, "no such system call"],
    MSGSIZE: [90, "message too long"],
    TIMEDOUT: [110, "time is up"],
    ALREADY: [114, "already subscribed"],
    CANCELED: [125, "the server ended, or lost the request, before it replied"],
  }),
} as const;

// ---- structures ---------------------------------------------------------------------------------------------------------

const list_node = struct("list_node", "A link of a circular doubly linked list; also its head.", {
  next: pointer("struct list_node", "itself when alone"),
  previous: pointer("struct list_node", "itself when alone"),
});

const mutex = struct("mutex", "A lock: while it is held, its holder is not preempted.", {
  held: u32("1 while held"),
  owner_pid: u32("who took it last"),
});

const trap_frame = struct("trap_frame", "Registers of an interrupted context, as the entry code pushes them.", {
  r15: u64(""),
  r14: u64(""),
  r13: u64(""),
  r12: u64(""),
  rbp: u64(""),
  rbx: u64(""),
  r11: u64(""),
  r10: u64(""),
  r9: u64(""),
  r8: u64(""),
  rdi: u64(""),
  rsi: u64(""),
  rdx: u64(""),
  rcx: u64(""),
  rax: u64(""),
  vector: u64("exception or interrupt vector; for a system call its number"),
  error_code: u64("as the CPU pushed it, or 0"),
  rip: u64(""),
  cs: u64(""),
  rflags: u64(""),
  rsp: u64(""),
  ss: u64(""),
});

const mailbox = struct("mailbox", "What a process has been sent and has not yet taken, in order of arrival.", {
  messages: embed(list_node, "head; delivery.in_mailbox of subscriptions without a callback"),
  callbacks: embed(list_node, "head; delivery.in_mailbox of subscriptions with a callback"),
  message_count: u32("length of messages"),
  callback_count: u32("length of callbacks"),
  bytes: u64("data bytes of all these messages, at most MAILBOX_BYTES"),
});

const process = struct(
  "process",
  "One slot of the process table. Guarded by mutex_lock, except what only the process itself uses.",
  {
    pid: u32("index into process_table"),
    generation: u32("counts the processes that have had this PID, from 1"),
    state: u32("process_state"),
    kind: u32("process_kind"),
    wait_reason: u32("wait_reason"),
    flags: u32("process_flag bits"),
    return_work: u32("return_work bits; looked at on every way back to user mode"),
    in_callback: u32("1 (2: it is traced) between callback entry and callback_return: further callbacks are masked"),
    name: chars(32, "file name it was loaded from"),
    parent_pid: u32("who spawned it"),
    parent_generation: u32("and its generation"),
    exit_status: i32("valid when free"),
    exit_reason: u32("exit_reason; valid when free"),
    ready_link: embed(list_node, "in scheduler.ready while ready"),
    sleep_link: embed(list_node, "in scheduler.sleepers while it has a wake_time"),
    wake_time: u64("ns of kernel time; 0 for none"),
    wait_object: u64("what it waits for: a topic, or PID | generation << 32"),
    wake_result: i32("what scheduler_block returns to it"),
    slice_ticks: u32("timer ticks left of its quantum"),
    kernel_rsp: u64("saved kernel stack pointer while not running"),
    kernel_stack: u64("lowest address of its kernel stack"),
    page_root: u64("CR3: physical address of its top page table; the kernel's own for Programs"),
    program: pointer("struct Program", "kind program: what it interprets"),
    compare: i32("kind program: result of the last compare: -1, 0, 1"),
    callback_value: i32("kind program: first word of the message its callback handles"),
    callback_resume: i32("kind program: instruction to go on with after its callback"),
    image_pages: u32("kind native: pages of its code and data"),
    heap_start: u64("kind native: first byte of its heap"),
    heap_end: u64("kind native: just behind its heap"),
    stack_low: u64("kind native: lowest mapped address of its stack"),
    subscriptions: embed(list_node, "head; subscription.in_process"),
    subscription_count: u32("length of it"),
    callback_topic: u32("topic of the callback it is in"),
    callback_sequence: u64("sequence number of that message"),
    mailbox: embed(mailbox, "its mailbox"),
    run_time: u64("TSC ticks on the CPU, up to the last switch"),
    switched_in: u64("TSC when it last got the CPU"),
    switches: u64("times it got the CPU"),
    system_calls: u64("system calls it has made"),
    ready_time: u64("TSC ticks ready, but without the CPU"),
    blocked_time: u64("TSC ticks blocked"),
    state_since: u64("TSC when it became ready or blocked"),
    retained_bytes: u64("data bytes of its messages that topics retain; a successor with this PID inherits them"),
    request_token: u64("of the request whose reply it waits for, or 0"),
    request_server_pid: u32("who is to reply"),
    request_server_generation: u32("its generation"),
    request_result: i32("1 while the reply is awaited, 0 when it came, or a negative error"),
    serving: u32("1 in serve: when a callback returns it waits for the next one without leaving the kernel"),
    serve_deadline: u64("serve: kernel time in ns at which it ends, or 0"),
    request_reply: pointer("struct message", "the reply, with its reference, until it has been taken"),
    allocations: u64("allocations it asked for"),
    fail_allocation: u64("the number of the allocation that is to fail, or 0"),
    kernel_entry: u64("kernel stack pointer with which the kernel is entered from user mode"),
    interrupted: pointer(
      "struct trap_frame",
      "in_callback: the context it interrupted, which stays on the kernel stack above kernel_entry",
    ),
  },
);

const scheduler = struct("scheduler", "The round robin. Guarded by mutex_lock.", {
  ready: embed(list_node, "head; process.ready_link; the first is next"),
  sleepers: embed(list_node, "head; process.sleep_link; earliest wake_time first"),
  ready_count: u32("length of ready"),
  quantum_ticks: u32("timer ticks of one quantum"),
  quantum_us: u64("the quantum in microseconds"),
  switches: u64("context switches since power-on"),
  started: u32("1 once scheduler_start has run"),
  base_hz: u32("timer interrupts per second when the quantum does not ask for more"),
});

const subscription = struct(
  "subscription",
  "One process's interest in one topic; its delivery slots lie directly behind it. Guarded by mutex_lock.",
  {
    in_topic: embed(list_node, "in topic.subscribers, in order of subscription"),
    in_process: embed(list_node, "in process.subscriptions"),
    topic: pointer("struct topic", "the topic"),
    process: pointer("struct process", "the subscriber"),
    pid: u32("its PID"),
    generation: u32("its generation"),
    callback: u64("user address (Program: instruction index + 1), 0 to fetch with receive"),
    cookie: u64("given to the callback as its fourth argument"),
    policy: u32("policy when all slots are taken"),
    depth: u32("number of delivery slots"),
    queued: u32("slots in use"),
    reserved: u32("slots reserved for the notification being served: 0 or 1"),
    dropped: u64("messages lost since the last one that was taken"),
    dropped_total: u64("messages lost ever"),
    delivered: u64("messages put into the slots ever"),
    flags: u32("subscribe_flag bits"),
    unused: u32(""),
    free: embed(list_node, "head; delivery.in_subscription of unused slots"),
    waiting: embed(list_node, "head; delivery.in_subscription of used slots, oldest first"),
  },
);

const delivery = struct(
  "delivery",
  "A slot of a subscription: one message on its way to one receiver. Guarded by mutex_lock.",
  {
    in_mailbox: embed(list_node, "in one list of the receiver's mailbox"),
    in_subscription: embed(list_node, "in subscription.free or subscription.waiting"),
    subscription: pointer("struct subscription", "whose slot it is"),
    message: pointer("struct message", "the message; one reference is held"),
  },
);

const topic = struct("topic", "A topic that has subscribers or retains messages. Guarded by mutex_lock.", {
  id: u32("its number"),
  subscriber_count: u32("length of subscribers"),
  next: pointer("struct topic", "next in the same bucket"),
  subscribers: embed(list_node, "head; subscription.in_topic"),
  published: u64("messages served since it exists"),
  delivered: u64("copies put into mailboxes"),
  dropped: u64("copies lost by full mailboxes"),
  retained: embed(list_node, "head; message.in_retained, oldest first"),
  retained_count: u32("length of it"),
  retain_depth: u32("most it may be; 0 is not set, which counts as 1"),
  hold_count: u32("subscriptions that hold their publishers"),
  is_static: u32("1 for the kernel's own topics, which stay"),
  holders: embed(list_node, "head; process.ready_link of publishers that wait for room"),
});

const topic_table = struct(
  "topic_table",
  "Hash table: topic number to its subscribers. bucket = (id * 2654435761 mod 2^32) >> 26.",
  {
    topic_count: u32("topics in the table"),
    subscription_count: u32("subscriptions of all of them"),
    buckets: pointer("struct topic", "first topic of each bucket", constants.TOPIC_BUCKETS),
    retained_bytes: u64("data bytes of all retained messages"),
  },
);

const message = struct(
  "message",
  "A message inside the kernel: one copy, however many receivers. The data lie directly behind it.",
  {
    references: u32("the queue, and each mailbox slot, hold one; freed at 0"),
    flags: u32("message_flag bits"),
    topic: u32("topic"),
    length: u32("data bytes"),
    publisher_pid: u32("0 is the kernel; receivers never see it"),
    publisher_generation: u32("its generation"),
    sequence: u64("position in the total order, from 1; given when it joins the queue"),
    time: u64("TSC when it joined the queue"),
    next_free: pointer("struct message", "kernel messages: next unused one"),
    in_retained: embed(list_node, "in topic.retained"),
  },
);

const notify_queue = struct(
  "notify_queue",
  "The notification queue: one bounded FIFO for all topics. Touched with interrupts off.",
  {
    capacity: u32("slots"),
    count: u32("slots in use"),
    head: u32("slot to be served next"),
    user_count: u32("slots in use by processes, at most capacity - NOTIFY_KERNEL_SHARE"),
    sequence: u64("sequence number given last"),
    refused: u64("kernel messages lost because the queue or the store of kernel messages was full"),
    serving: pointer("struct message", "the notification being served, or 0"),
    slots: pointer("struct message", "messages, each holding one reference", constants.NOTIFY_CAPACITY),
  },
);

const trace_record = struct("trace_record", "One event.", {
  time: u64("TSC"),
  kind: u16("trace_kind"),
  flags: u16("see trace_kind"),
  pid: u32("the process on the CPU, unless trace_kind says otherwise"),
  a: u64("see trace_kind"),
  b: u64("see trace_kind"),
});

const trace_ring = struct(
  "trace_ring",
  "Header of the ring; the records lie directly behind it; record n is at index n mod capacity.",
  {
    magic: u32("0x43525448"),
    capacity: u32("records, a power of two"),
    head: u64("records written since power-on; never wraps"),
    mask: u64("bit k set: records of kind k are written"),
    doorbell_head: u64("head at the last doorbell"),
    record_size: u32("bytes of a record"),
    version: u32("LAYOUT_VERSION"),
    unused: u64("", 3),
  },
);

const frame_entry = struct("frame_entry", "One physical frame.", {
  next: u32("free: next free frame, FRAME_NONE for none"),
  owner: u16("PID, 0 for the kernel"),
  use: u8("frame_use"),
  unused: u8(""),
});

const frame_allocator = struct("frame_allocator", "All physical frames. Guarded by frame_mutex.", {
  frames: pointer("struct frame_entry", "one entry per frame, from physical address 0"),
  frame_count: u64("entries"),
  memory_frames: u64("frames that are memory we may use, the kernel's own included"),
  free_count: u64("free frames"),
  free_head: u32("first free frame"),
  unused: u32(""),
});

const heap_block = struct(
  "heap_block",
  "Header in front of each heap block; blocks lie one behind the other from HEAP_BASE to heap.end.",
  {
    magic: u32("HEAP_MAGIC"),
    size_class: u8("the block has 32 << size_class bytes, this header included"),
    state: u8("heap_state"),
    owner: u16("PID that asked for it"),
    size: u32("bytes asked for"),
    unused: u32(""),
  },
);

const heap = struct("heap", "The kernel heap: one free list per power of two. Guarded by heap_mutex.", {
  end: u64("just behind the last block"),
  mapped: u64("just behind the last mapped page"),
  used_bytes: u64("bytes of used blocks, headers included"),
  used_blocks: u64("blocks given out"),
  free: pointer(
    "struct heap_block",
    "first free block of each class; the next one's address is in its first data word",
    constants.HEAP_CLASSES,
  ),
  allocations: u64("allocations ever"),
});

const e820_entry = struct("e820_entry", "A memory range from the firmware.", {
  base: u64("physical address"),
  length: u64("bytes"),
  type: u32("1 is usable memory"),
  attributes: u32("extended attributes"),
});

const boot_info = struct("boot_info", "What the boot stages leave for the kernel.", {
  magic: u32("BOOT_INFO_MAGIC"),
  drive: u32("BIOS drive number"),
  stage_time: u64("TSC at each boot_stage", constants.BOOT_STAGES),
  e820_count: u32("ranges"),
  a20_method: u32("0 was open, 1 BIOS, 2 port 92h"),
  e820: embed(e820_entry, "ranges, in the firmware's order", constants.E820_MAX),
});

const Program = struct("Program", "A Program: a static list of fixed-length instructions that the kernel interprets.", {
  data: i32("instructions, then variables and texts", constants.MAX_PROGRAM_LEN),
  len: i32("number of instructions"),
  ip: i32("next instruction"),
});

const superblock = struct("superblock", "Sector SUPERBLOCK_LBA of the disk.", {
  magic: u64("SUPERBLOCK_MAGIC"),
  version: u32("LAYOUT_VERSION"),
  sector_count: u32("sectors of the image"),
  kernel_lba: u32("first sector of the kernel image"),
  kernel_sectors: u32("its sectors"),
  directory_lba: u32("first sector of the directory"),
  directory_entries: u32("entries of it"),
  data_lba: u32("first sector that files may use"),
  kernel_bytes: u32("bytes of the kernel image"),
  kernel_memory: u32("bytes it takes in memory, zeroed data included"),
  kernel_entry: u32("offset of its first instruction from KERNEL_PHYSICAL_BASE"),
  source_hash: u8("SHA-256 of src/herald", 32),
});

const directory_entry = struct("directory_entry", "An entry of the flat directory.", {
  name: chars(constants.NAME_SIZE, "file name, padded with NULs"),
  kind: u32("file_kind"),
  start_lba: u32("first sector"),
  length: u32("bytes"),
  unused: u32("", 5),
});

const key_event = struct("key_event", "Message on TOPIC_KEYBOARD.", {
  character: u32("ASCII ('\\n' enter, '\\b' backspace, 1 to 26 with control), or a key_code"),
  modifiers: u16("key_modifier bits"),
  source: u16("key_source"),
});

const process_event = struct("process_event", "Message on TOPIC_PROCESS_STARTED and TOPIC_PROCESS_EXITED.", {
  pid: u32("PID"),
  generation: u32("generation"),
  status: i32("exited: exit status"),
  reason: u32("exited: exit_reason"),
  name: chars(constants.NAME_SIZE, "name"),
});

const subscribe_options = struct("subscribe_options", "Third argument of subscribe; none given means all zero.", {
  depth: u32("slots, 0 is MAILBOX_DEPTH"),
  policy: u32("policy"),
  cookie: u64("fourth argument of the callback"),
  flags: u32("subscribe_flag bits"),
  unused: u32("0"),
});

const received = struct("received", "What receive tells besides the data.", {
  topic: u32("topic of the message"),
  length: u32("bytes of the message; more than the buffer's size means it was cut"),
  dropped: u64("messages of this subscription lost since the last one taken"),
  reply: u64("token for reply when the message is a request, else 0"),
});

const request_arguments = struct("request_arguments", "Argument of request.", {
  topic: u32("where the server listens"),
  length: u32("bytes of the request"),
  data: u64("address of the request"),
  buffer: u64("address for the reply"),
  size: u64("bytes of it"),
  timeout_ms: u64("how long to wait for the reply"),
});

const tick_event = struct("tick_event", "Message on TOPIC_TICK.", {
  time: u64("kernel time in ns"),
  count: u64("timer interrupts since power-on"),
});

const memory_event = struct("memory_event", "Message on TOPIC_MEMORY_LOW.", {
  free_frames: u64("free frames at that moment"),
  memory_frames: u64("frames of memory there are"),
});

const boot_event = struct("boot_event", "Message on TOPIC_BOOT_STAGE.", {
  stage: u32("boot_stage"),
  unused: u32(""),
  time: u64("TSC when it was reached"),
});

const message_queue = struct(
  "message_queue",
  "A bounded queue with a number; its slots (message pointers) lie directly behind it. Guarded by mutex_lock.",
  {
    number: u32("the name by which it is opened"),
    index: u32("in queue_table"),
    generation: u32("of the index; part of the handle"),
    depth: u32("slots"),
    count: u32("slots in use"),
    head: u32("slot to be received next"),
    bytes: u64("data bytes in it"),
    users: u64("bit PID mod 64 of word PID / 64: the processes that have it open", 2),
    sent: u64("messages ever"),
    senders: embed(list_node, "head; process.ready_link of who waits for room"),
    receivers: embed(list_node, "head; process.ready_link of who waits for a message"),
  },
);

const segment = struct(
  "segment",
  "A shared memory segment; the addresses of its frames lie directly behind it. Guarded by mutex_lock.",
  {
    number: u32("the name by which it is attached"),
    index: u32("in segment_table; decides the address"),
    pages: u32("length in pages"),
    user_count: u32("processes that have it attached"),
    users: u64("bit PID mod 64 of word PID / 64: those processes", 2),
    waiters: embed(list_node, "head; process.ready_link; wait_object is the address of the word"),
  },
);

const process_info = struct("process_info", "Element of process_list.", {
  pid: u32(""),
  generation: u32(""),
  state: u32("process_state"),
  kind: u32("process_kind"),
  wait_reason: u32("wait_reason"),
  parent_pid: u32(""),
  subscriptions: u32(""),
  mailbox: u32("messages and callbacks waiting"),
  run_time: u64("TSC ticks"),
  switches: u64(""),
  system_calls: u64(""),
  ready_time: u64("TSC ticks"),
  blocked_time: u64("TSC ticks"),
  name: chars(constants.NAME_SIZE, ""),
});

const topic_info = struct("topic_info", "Element of topic_list.", {
  id: u32(""),
  subscribers: u32(""),
  queued: u32("messages in the mailboxes of its subscribers"),
  retained: u32("messages it keeps for later subscribers"),
  published: u64(""),
  delivered: u64(""),
  dropped: u64(""),
});

const memory_info = struct("memory_info", "Result of the call memory_info.", {
  memory_frames: u64(""),
  free_frames: u64(""),
  heap_mapped: u64("bytes"),
  heap_used: u64("bytes"),
  heap_blocks: u64(""),
  topics: u32(""),
  subscriptions: u32(""),
  notifications: u32("waiting in the queue"),
  kernel_messages_free: u32(""),
  retained_bytes: u64("bytes of retained messages"),
  queues: u32("message queues"),
  segments: u32("shared memory segments"),
});

/** In the order in which C needs them. */
export const structs = {
  list_node,
  mutex,
  trap_frame,
  mailbox,
  Program,
  process,
  scheduler,
  subscription,
  delivery,
  message,
  topic,
  topic_table,
  notify_queue,
  trace_record,
  trace_ring,
  frame_entry,
  frame_allocator,
  heap_block,
  heap,
  e820_entry,
  boot_info,
  superblock,
  directory_entry,
  key_event,
  process_event,
  tick_event,
  memory_event,
  boot_event,
  subscribe_options,
  received,
  request_arguments,
  message_queue,
  segment,
  process_info,
  topic_info,
  memory_info,
} as const;

// ---- the instructions of a Program --------------------------------------------------------------------------------------

/**
 * An instruction is one word: opcode << 24 | a << 12 | b.
 *   variable   index into data[] of a word behind the instructions (at least len)
 *   text       index into data[] of a text behind the instructions: 4 bytes a word, low byte first, ended by a NUL
 *   label      index of an instruction (less than len)
 *   number     -2048 to 2047, two's complement in 12 bits; larger ones are variables with a start value
 *   none       0
 * Variables and texts have their start values in the image of the Program. Behind the last instruction a Program ends with status 0.
 */
export type OperandKind = "none" | "variable" | "text" | "label" | "number";

export interface ProgramInstruction {
  readonly name: string;
  readonly opcode: number;
  readonly a: OperandKind;
  readonly b: OperandKind;
  readonly text: string;
}

const operation = (opcode: number, name: string, a: OperandKind, b: OperandKind, text: string): ProgramInstruction => ({
  name,
  opcode,
  a,
  b,
  text,
});

export const programInstructions: readonly ProgramInstruction[] = [
  operation(1, "set", "variable", "number", "a = b"),
  operation(2, "copy", "variable", "variable", "a = b"),
  operation(3, "add", "variable", "variable", "a = a + b"),
  operation(4, "subtract", "variable", "variable", "a = a - b"),
  operation(5, "multiply", "variable", "variable", "a = a * b"),
  operation(6, "divide", "variable", "variable", "a = a / b; ends the Program when b is 0"),
  operation(7, "modulo", "variable", "variable", "a = remainder of a / b; ends the Program when b is 0"),
  operation(8, "increase", "variable", "number", "a = a + the number b"),
  operation(9, "compare", "variable", "variable", "remembers how a compares with b"),
  operation(10, "jump", "label", "none", "goes to a"),
  operation(11, "jump_equal", "label", "none", "goes to a if the last compare found them equal"),
  operation(12, "jump_unequal", "label", "none", "goes to a if the last compare found them different"),
  operation(13, "jump_less", "label", "none", "goes to a if the last compare found a less than b"),
  operation(14, "jump_greater", "label", "none", "goes to a if the last compare found a greater than b"),
  operation(15, "loop", "variable", "label", "a = a - 1, then goes to b unless a is 0"),
  operation(16, "say", "text", "none", 'writes the line "Process <pid>: <text>"'),
  operation(17, "show", "text", "variable", 'writes the line "Process <pid>: <text> <value of b>"'),
  operation(18, "sleep", "number", "none", "sleeps a milliseconds"),
  operation(19, "sleep_for", "variable", "none", "sleeps as many milliseconds as a holds"),
  operation(20, "yield", "none", "none", "gives the rest of its quantum away"),
  operation(21, "publish", "variable", "variable", "publishes the value of b, 4 bytes, on the topic a holds"),
  operation(
    22,
    "subscribe",
    "variable",
    "label",
    "subscribes to the topic a holds; each message interrupts the Program and goes to b",
  ),
  operation(23, "unsubscribe", "variable", "none", "ends the subscription to the topic a holds"),
  operation(24, "wait", "none", "none", "blocks until a callback has run"),
  operation(25, "take", "variable", "none", "in a callback: a = first 4 bytes of the message, as a number"),
  operation(26, "return", "none", "none", "ends a callback: goes on where the message interrupted"),
  operation(27, "exit", "number", "none", "ends the Program with status a"),
  operation(28, "identify", "variable", "none", "a = own PID"),
];
