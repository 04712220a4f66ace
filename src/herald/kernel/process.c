#include "process.h"

#include "console.h"
#include "elf.h"
#include "format.h"
#include "frame.h"
#include "fs.h"
#include "heap.h"
#include "mailbox.h"
#include "mutex.h"
#include "notify.h"
#include "message_queue.h"
#include "program.h"
#include "request.h"
#include "scheduler.h"
#include "segment.h"
#include "topic.h"
#include "trace.h"
#include "vm.h"

struct process process_table[MAX_PROCESSES];
uint32_t current_pid;
struct mutex mutex_lock;
struct process *current = &process_table[0];

uint32_t preempt_depth;
uint32_t kernel_work;

extern char boot_stack[];
static uint32_t last_pid; /* the PID given out last: others get their turn before it is reused */

static void init_links(struct process *process)
{
    list_init(&process->ready_link);
    list_init(&process->sleep_link);
    list_init(&process->subscriptions);
    mailbox_start(&process->mailbox);
}

void process_start(void)
{
    struct process *idle = &process_table[0];
    idle->generation = 1;
    idle->state = PROCESS_RUNNING;
    idle->kind = KIND_IDLE;
    idle->kernel_stack = (uint64_t)boot_stack;
    idle->kernel_entry = idle->kernel_stack + KERNEL_STACK_SIZE;
    idle->page_root = kernel_page_root;
    idle->switched_in = rdtsc();
    text_copy(idle->name, "idle", sizeof idle->name);
    init_links(idle);
}

static void publish_event(uint32_t topic, const struct process *process, int status, uint32_t reason)
{
    struct process_event event = {
        .pid = process->pid,
        .generation = process->generation,
        .status = status,
        .reason = reason,
    };
    memcpy(event.name, process->name, sizeof event.name);
    notify_publish_kernel(topic, &event, sizeof event, topic == TOPIC_SERVICE_READY ? MESSAGE_RETAIN : 0);
}

void process_service_ready(void)
{
    publish_event(TOPIC_SERVICE_READY, current, 0, 0);
    mutex_acquire(&mutex_lock); /* served here, in the order of the caller's messages */
    notify_dispatch();
    mutex_release(&mutex_lock);
}

/* Takes a free slot. Returns it in state creating with its next generation, or 0. */
static struct process *take_slot(enum process_kind kind)
{
    struct process *process = 0;
    mutex_acquire(&mutex_lock);
    for (uint32_t i = 1; i < MAX_PROCESSES && !process; i++) {
        uint32_t pid = (last_pid + i - 1) % (MAX_PROCESSES - 1) + 1;
        if (process_table[pid].state == PROCESS_FREE) {
            process = &process_table[pid];
            last_pid = pid;
            *process = (struct process){
                .pid = pid,
                .generation = process->generation + 1,
                .kind = kind,
                .parent_pid = current->pid,
                .parent_generation = current->generation,
                .kernel_stack = process->kernel_stack,
                .page_root = kernel_page_root,
                .retained_bytes = process->retained_bytes,
                .state = PROCESS_CREATING,
            };
            init_links(process);
        }
    }
    mutex_release(&mutex_lock);
    return process;
}

/* Maps the slot's kernel stack, once: the next process of this slot finds it. Below it nothing is ever mapped. */
static int map_kernel_stack(struct process *process)
{
    uint64_t end = KERNEL_STACKS_BASE + ((uint64_t)process->pid + 1) * KERNEL_STACK_STRIDE;
    uint64_t stack = end - KERNEL_STACK_SIZE;
    if (process->kernel_stack)
        return 0;
    for (uint64_t page = stack; page < end; page += PAGE_SIZE) {
        if (vm_lookup(kernel_page_root, page, VM_WRITE))
            continue; /* from an earlier try that ran out of memory */
        phys_t frame = frame_allocate(FRAME_KERNEL_STACK, process->pid);
        if (!frame)
            return -ENOMEM;
        if (vm_map(kernel_page_root, page, frame, VM_WRITE, 0)) {
            frame_free(frame);
            return -ENOMEM;
        }
    }
    process->kernel_stack = stack;
    return 0;
}

struct process *process_create(const char *name, enum process_kind kind, int *error)
{
    struct process *process = take_slot(kind);
    *error = -ENOSPC;
    if (!process)
        return 0;
    text_copy(process->name, name, sizeof process->name);
    *error = map_kernel_stack(process);
    if (*error == 0)
        return process;
    process_abandon(process);
    return 0;
}

/* Frees what a process owns besides its slot. Nothing loads its page tables once page_root says so. */
static void free_memory(struct process *process)
{
    phys_t root = process->page_root;
    struct Program *program = process->program;
    process->page_root = kernel_page_root;
    process->program = 0;
    if (root == vm_root)
        vm_switch(kernel_page_root);
    if (root != kernel_page_root)
        vm_destroy(root);
    heap_free(program);
}

void process_abandon(struct process *process)
{
    free_memory(process);
    mutex_acquire(&mutex_lock);
    process->state = PROCESS_FREE;
    mutex_release(&mutex_lock);
}

int64_t process_ready(struct process *process, void (*entry)(void), const struct trap_frame *frame)
{
    /* The stack as whoever switches to it will find it: where to go on, then what `entry` expects. */
    struct {
        uint64_t return_address;
        struct trap_frame frame;
    } *initial = (void *)(process->kernel_stack + KERNEL_STACK_SIZE - sizeof *initial);
    memset(initial, 0, sizeof *initial);
    initial->return_address = (uint64_t)entry;
    initial->frame = *frame;
    process->kernel_rsp = (uint64_t)initial;
    process->kernel_entry = process->kernel_stack + KERNEL_STACK_SIZE;

    int64_t handle = (int64_t)PROCESS_HANDLE(process->pid, process->generation);
    mutex_acquire(&mutex_lock);
    trace_for(process->pid, TRACE_SPAWN, process->kind, current->pid, process->generation);
    publish_event(TOPIC_PROCESS_STARTED, process, 0, 0);
    scheduler_add(process);
    mutex_release(&mutex_lock);
    return handle;
}

static const struct directory_entry *find_program(const char *name)
{
    char with_suffix[NAME_SIZE + 8];
    const struct directory_entry *file = fs_find(name);
    if (file)
        return file;
    format(with_suffix, sizeof with_suffix, "%s.prg", name);
    return fs_find(with_suffix);
}

int64_t process_spawn(const char *name, const char *arguments)
{
    const struct directory_entry *file = find_program(name);
    if (!file)
        return -ENOENT;
    switch (file->kind) {
    case FILE_PROGRAM:
        return program_load(file);
    case FILE_EXECUTABLE:
        return elf_load(file, arguments);
    default:
        return -ENOEXEC;
    }
}

/* Wakes everybody who waits for this process. mutex_lock is held. */
static void wake_waiters(const struct process *ended)
{
    uint64_t handle = PROCESS_HANDLE(ended->pid, ended->generation);
    for (unsigned pid = 1; pid < MAX_PROCESSES; pid++) {
        struct process *process = &process_table[pid];
        if (process->state == PROCESS_BLOCKED && process->wait_reason == WAIT_EXIT && process->wait_object == handle)
            scheduler_wake(process, WAKE_EVENT, 0);
    }
}

/*
 * In this order: the subscriptions leave the table, so nothing more arrives and what has arrived is freed; the memory
 * is freed; the exit event is served, behind the process's last message. The lock is held from there until the slot
 * is free, so whoever receives the event finds the process gone; and only then its PID can be given out again.
 */
void process_exit(int status, enum exit_reason reason)
{
    topic_unsubscribe_all();
    message_queue_close_all();
    segment_detach_all();
    free_memory(current);

    mutex_acquire(&mutex_lock);
    current->exit_status = status;
    current->exit_reason = reason;
    current->return_work = 0;
    trace(TRACE_EXIT, reason, (int64_t)status, current->generation);
    publish_event(TOPIC_PROCESS_EXITED, current, status, reason);
    notify_dispatch(); /* who subscribed hears it before who waits */
    request_cancel_all();
    wake_waiters(current);
    scheduler_exit();
}

/* The live process that is meant, or 0. mutex_lock is held. */
static struct process *find_live(uint64_t handle)
{
    uint64_t pid = handle & UINT32_MAX;
    uint32_t generation = (uint32_t)(handle >> 32);
    if (pid >= MAX_PROCESSES)
        return 0;
    struct process *process = &process_table[pid];
    if (process->state == PROCESS_FREE || process->state == PROCESS_CREATING)
        return 0;
    return generation && generation != process->generation ? 0 : process;
}

int process_kill(uint64_t handle)
{
    int result = -ESRCH;
    mutex_acquire(&mutex_lock);
    struct process *process = find_live(handle);
    if (process && process->kind == KIND_IDLE) {
        result = -EPERM;
    } else if (process) {
        result = 0;
        process->flags |= FLAG_CONDEMNED;
        process->return_work |= RETURN_CONDEMNED;
        if (process->state == PROCESS_BLOCKED)
            scheduler_wake(process, WAKE_KILLED, -EINTR);
    }
    mutex_release(&mutex_lock);
    return result;
}

int process_wait(uint64_t handle, uint64_t timeout_ms, int *status)
{
    uint64_t pid = handle & UINT32_MAX;
    uint32_t generation = (uint32_t)(handle >> 32);
    if (pid == 0 || pid >= MAX_PROCESSES)
        return -ESRCH;
    struct process *process = &process_table[pid];
    int result = 0;
    mutex_acquire(&mutex_lock);
    uint64_t deadline = scheduler_deadline(timeout_ms);
    if (generation == 0)
        generation = process->generation;
    if (generation == current->generation && process == current)
        result = -EINVAL;
    while (result == 0) {
        if (process->generation != generation || process->state == PROCESS_CREATING) {
            result = -ESRCH;
        } else if (process->state == PROCESS_FREE) {
            *status = process->exit_status;
            break;
        } else {
            result = timeout_ms == 0 ? -EAGAIN : scheduler_block(WAIT_EXIT, PROCESS_HANDLE(pid, generation), deadline);
        }
    }
    mutex_release(&mutex_lock);
    return result;
}

static void describe(const struct process *process, struct process_info *info)
{
    *info = (struct process_info){
        .pid = process->pid,
        .generation = process->generation,
        .state = process->state,
        .kind = process->kind,
        .wait_reason = process->wait_reason,
        .parent_pid = process->parent_pid,
        .subscriptions = process->subscription_count,
        .mailbox = process->mailbox.message_count + process->mailbox.callback_count,
        .run_time = process->run_time,
        .switches = process->switches,
        .system_calls = process->system_calls,
        .ready_time = process->ready_time,
        .blocked_time = process->blocked_time,
    };
    memcpy(info->name, process->name, sizeof info->name);
}

uint32_t process_list(struct process_info *list, uint32_t count)
{
    uint32_t used = 0;
    mutex_acquire(&mutex_lock);
    for (unsigned pid = 0; pid < MAX_PROCESSES && used < count; pid++)
        if (process_table[pid].state != PROCESS_FREE)
            describe(&process_table[pid], &list[used++]);
    mutex_release(&mutex_lock);
    return used;
}
