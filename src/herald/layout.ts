/**
 * What Herald's memory looks like: every structure, constant and enumeration that somebody outside the kernel reads.
 *
 * layout/ is the only description, and this file what it offers. `generate.ts` writes `include/layout.h` from it (C structures with static
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
 * A kernel address in [KERNEL_VIRTUAL_BASE, +1 GiB) is KERNEL_VIRTUAL_BASE + physical address; one at or above DIRECT_MAP_BASE is
 * DIRECT_MAP_BASE + physical address; heap and kernel stacks are mapped page by page: walk the page tables of any process.
 *
 * Lists are circular and doubly linked (structs.list_node). A list head is a node too: an empty one points to itself. To come from
 * a node to the structure that contains it, subtract the offset of the node's field.
 */
export { constants, constantText, layoutVersion } from "./layout/constants";
export { enums } from "./layout/enumerations";
export { type OperandKind, type ProgramInstruction, programInstructions } from "./layout/instructions";
export type { Enumeration, Field, Struct } from "./layout/notation";
export { read } from "./layout/read";
export { structs } from "./layout/structures";
