/** Structures in the kernel's memory, on the disk, in messages and in the arguments of system calls. */
import { constants } from "./constants";
import { chars, embed, i32, pointer, struct, u16, u32, u64, u8 } from "./notation";

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
