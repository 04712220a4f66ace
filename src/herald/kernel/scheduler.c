#include "scheduler.h"

#include "gdt.h"
#include "mutex.h"
#include "notify.h"
#include "pic.h"
#include "pit.h"
#include "process.h"
#include "topic.h"
#include "trace.h"
#include "vm.h"

#define MICROSECONDS 1000000
#define QUANTUM_SHORTEST 100
#define QUANTUM_TEST 5
#define QUANTUM_DEFAULT 10000
#define HZ_DEFAULT 100

struct scheduler scheduler;

/* Earliest wake_time of all sleepers, or UINT64_MAX: what the timer interrupt may look at without a lock. */
static uint64_t next_wake_time = UINT64_MAX;


void scheduler_init(void)
{
    list_init(&scheduler.ready);
    list_init(&scheduler.sleepers);
    scheduler.base_hz = HZ_DEFAULT;
    scheduler_set_quantum(QUANTUM_DEFAULT);
}

/* The timer's period divides the quantum, so that every slice has the same whole number of ticks. */
int scheduler_set_quantum(uint64_t microseconds)
{
    if (microseconds < QUANTUM_SHORTEST || microseconds > MICROSECONDS)
        return -EINVAL;
    uint64_t base = MICROSECONDS / scheduler.base_hz;
    uint64_t ticks = (microseconds + base - 1) / base;
    scheduler.quantum_ticks = (uint32_t)ticks;
    scheduler.quantum_us = microseconds;
    pit_set_period(microseconds / ticks);
    return 0;
}

/* For tests of preemption: one timer interrupt per quantum, and quanta as short as the timer can count. */
int scheduler_set_quantum_short(uint64_t microseconds)
{
    if (microseconds < QUANTUM_TEST || microseconds > QUANTUM_DEFAULT)
        return -EINVAL;
    scheduler.quantum_ticks = 1;
    scheduler.quantum_us = microseconds;
    pit_set_period(microseconds);
    return 0;
}

int scheduler_set_hz(uint64_t hz)
{
    if (hz < 19 || hz > 1000)
        return -EINVAL;
    scheduler.base_hz = (uint32_t)hz;
    return scheduler_set_quantum(scheduler.quantum_us);
}

uint64_t scheduler_deadline(uint64_t timeout_ms)
{
    return timeout_ms >= FOREVER_MS ? 0 : kernel_time + timeout_ms * 1000000 + 1;
}

/* ---- the queues; mutex_lock is held ---- */

static void append_ready(struct process *process, uint64_t now)
{
    process->state = PROCESS_READY;
    process->state_since = now;
    list_append(&scheduler.ready, &process->ready_link);
    scheduler.ready_count++;
}

static void add_sleeper(struct process *process, uint64_t deadline)
{
    struct list_node *position = scheduler.sleepers.next;
    process->wake_time = deadline;
    while (position != &scheduler.sleepers && container_of(position, struct process, sleep_link)->wake_time <= deadline)
        position = position->next;
    list_insert_before(position, &process->sleep_link);
    next_wake_time = container_of(scheduler.sleepers.next, struct process, sleep_link)->wake_time;
}

void scheduler_remove_sleeper(struct process *process)
{
    list_remove(&process->sleep_link);
    process->wake_time = 0;
    next_wake_time = list_empty(&scheduler.sleepers)
                         ? UINT64_MAX
                         : container_of(scheduler.sleepers.next, struct process, sleep_link)->wake_time;
}

void scheduler_add(struct process *process)
{
    append_ready(process, rdtsc());
    scheduler_woken();
}

static __attribute__((noinline)) void trace_wake(const struct process *process, enum wake_reason reason)
{
    trace_for(process->pid, TRACE_WAKE, reason, current_pid, process->wait_reason);
}

static inline __attribute__((always_inline)) void wake(struct process *process, int result)
{
    if (process->state != PROCESS_BLOCKED)
        panic("scheduler_wake: process %u is not blocked", process->pid);
    list_remove(&process->ready_link); /* a queue of waiters uses this link too */
    scheduler_wake_at(process, rdtsc());
    process->wake_result = result;
    scheduler_woken();
}

static __attribute__((noinline)) void wake_traced(struct process *process, enum wake_reason reason, int result)
{
    trace_wake(process, reason);
    wake(process, result);
}

void scheduler_wake(struct process *process, enum wake_reason reason, int result)
{
    if (trace_enabled(TRACE_WAKE))
        wake_traced(process, reason, result);
    else
        wake(process, result);
}

static void wake_sleepers(void)
{
    while (next_wake_time <= kernel_time)
        scheduler_wake(container_of(scheduler.sleepers.next, struct process, sleep_link), WAKE_TIMEOUT, -ETIMEDOUT);
}

/* ---- switching; interrupts are off, no lock is held ---- */

/* The accounts are closed and opened, and everything but the stack becomes that of `next`. */
static inline __attribute__((always_inline)) void change_process(struct process *previous, struct process *next,
                                                                 enum switch_reason reason, uint64_t now, int traced)
{
    next->state = PROCESS_RUNNING;
    next->slice_ticks = scheduler.quantum_ticks;
    previous->run_time += now - previous->switched_in;
    previous->state_since = now;
    next->ready_time += now - next->state_since;
    next->switched_in = now;
    next->switches++;
    scheduler.switches++;
    current = next;
    current_pid = next->pid;
    if (traced && trace_enabled(TRACE_SCHEDULE))
        trace_write(now, TRACE_SCHEDULE, (uint16_t)reason, next->pid, previous->pid, next->generation);
    gdt_set_kernel_stack(next->kernel_entry);
    if (next->page_root != vm_root && next->kind == KIND_NATIVE) /* the others are at home in any address space */
        vm_switch(next->page_root);
}

/*
 * Continues `next` on its kernel stack, at the address on top of it; the present process goes on behind this one day. The
 * compiler keeps on the stack what it still needs: no register survives.
 */
static inline __attribute__((always_inline)) void change_stack(struct process *previous, struct process *next)
{
    uint64_t *save = &previous->kernel_rsp, stack = next->kernel_rsp;
    __asm__ volatile("pushq $1f\n\t"
                     "movq %%rsp, (%0)\n\t"
                     "movq %1, %%rsp\n\t"
                     "ret\n"
                     "1:"
                     : "+a"(save), "+d"(stack)
                     :
                     : "rbx", "rcx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
                       "r15", "memory", "cc");
}

/* Takes the first of the ready queue out of it; the idle process when it is empty. */
static inline struct process *take_first(void)
{
    struct list_node *first = scheduler.ready.next;
    if (first == &scheduler.ready)
        return &process_table[0];
    list_remove(first);
    scheduler.ready_count--;
    return container_of(first, struct process, ready_link);
}

/* Gives the CPU to the first of the ready queue. The current process, if it can go on, joins the queue's end. */
static void schedule(enum switch_reason reason)
{
    struct process *previous = current;
    uint64_t now = rdtsc();
    kernel_work &= ~(uint32_t)(WORK_SWITCH | WORK_WAKE);
    if (previous->state == PROCESS_RUNNING) {
        if (previous->kind == KIND_IDLE)
            previous->state = PROCESS_READY; /* ready, but in no queue */
        else
            append_ready(previous, now);
    }
    struct process *next = take_first();
    if (next == previous) {
        next->state = PROCESS_RUNNING;
        next->slice_ticks = scheduler.quantum_ticks;
        return;
    }
    change_process(previous, next, reason, now, 1);
    change_stack(previous, next);
}

void scheduler_point(void)
{
    if (!scheduler.started)
        return;
    uint64_t saved = interrupts_save();
    while (kernel_work) {
        uint32_t work = kernel_work;
        if (work & (WORK_TICK | WORK_NOTIFY)) {
            preempt_depth++;
            mutex_lock.held = 1;
            mutex_lock.owner_pid = current_pid;
            kernel_work &= ~(uint32_t)WORK_TICK;
            interrupts_on();
            if (work & WORK_TICK)
                wake_sleepers();
            if (work & WORK_NOTIFY)
                notify_dispatch();
            interrupts_off();
            mutex_lock.held = 0;
            preempt_depth--;
        } else {
            schedule(work & WORK_SWITCH ? SWITCH_QUANTUM : SWITCH_WAKE);
        }
    }
    interrupts_restore(saved);
}

void scheduler_begin(void)
{
    interrupts_on();
    if (kernel_work)
        scheduler_point();
}

void scheduler_yield(void)
{
    uint64_t saved = interrupts_save();
    schedule(SWITCH_YIELD);
    interrupts_restore(saved);
    if (kernel_work)
        scheduler_point();
}

/* Leaves the CPU with mutex_lock, the only lock, held, and takes it again afterwards. */
static inline void lock_off(void)
{
    interrupts_off();
    mutex_lock.held = 0;
    preempt_depth = 0;
    kernel_work &= ~(uint32_t)(WORK_SWITCH | WORK_WAKE);
}

static inline void lock_on(void)
{
    preempt_depth = 1;
    mutex_lock.held = 1;
    mutex_lock.owner_pid = current_pid;
    interrupts_on();
}

/* Why it may not block now: 1 and *result is what scheduler_block returns, else 0. */
static int must_go_on(enum wait_reason reason, int *result)
{
    if (current->flags & FLAG_CONDEMNED) {
        *result = -EINTR;
        return 1;
    }
    *result = reason == WAIT_CALLBACK ? 0 : -EINTR;
    return current->mailbox.callback_count && current->kind == KIND_NATIVE && !current->in_callback &&
           reason != WAIT_REPLY;
}

#define TRACE_OF_BLOCK (TRACE_BIT(TRACE_BLOCK) | TRACE_BIT(TRACE_SCHEDULE))

/* The process on the CPU is blocked from now on. */
static inline __attribute__((always_inline)) void begin_wait(struct process *process, enum wait_reason reason,
                                                             uint64_t object, uint64_t deadline, int traced)
{
    process->state = PROCESS_BLOCKED;
    process->wait_reason = reason;
    process->wait_object = object;
    if (deadline)
        add_sleeper(process, deadline);
    if (traced)
        trace(TRACE_BLOCK, reason, deadline, object);
    if (kernel_work & WORK_NOTIFY)
        notify_dispatch();
}

/* What scheduler_block does; two functions come of it, so that there is one test for the two kinds of records. */
static inline __attribute__((always_inline)) int block(enum wait_reason reason, uint64_t object, uint64_t deadline,
                                                       int traced)
{
    struct process *process = current;
    begin_wait(process, reason, object, deadline, traced);
    lock_off();
    struct process *next = take_first();
    if (next != process) { /* it may have been woken by what was dispatched */
        change_process(process, next, SWITCH_BLOCK, rdtsc(), traced);
        change_stack(process, next);
    } else {
        process->state = PROCESS_RUNNING;
    }
    lock_on();
    return current->wake_result;
}

static __attribute__((noinline)) int block_traced(enum wait_reason reason, uint64_t object, uint64_t deadline)
{
    return block(reason, object, deadline, 1);
}

int scheduler_block(enum wait_reason reason, uint64_t object, uint64_t deadline)
{
    int result;
    if (must_go_on(reason, &result)) {
        list_remove(&current->ready_link); /* it may be in a queue of waiters already */
        return result;
    }
    return trace_any(TRACE_OF_BLOCK) ? block_traced(reason, object, deadline) : block(reason, object, deadline, 0);
}

/* What needs the lock: a place among the sleepers, messages of interrupt handlers that stand in the queue. */
static __attribute__((noinline)) void begin_wait_locked(struct process *process, uint64_t deadline)
{
    interrupts_on();
    mutex_acquire(&mutex_lock);
    if (process->mailbox.callback_count == 0 && !(process->flags & FLAG_CONDEMNED)) /* meanwhile others may have run */
        begin_wait(process, WAIT_CALLBACK, 0, deadline, 1);
    lock_off();
}

/* Goes on where the address on top of its kernel stack says. */
static inline _Noreturn void continue_stack(const struct process *process)
{
    __asm__ volatile("movq %0, %%rsp\n\tret" : : "r"(process->kernel_rsp) : "memory");
    __builtin_unreachable();
}

static _Noreturn __attribute__((noinline)) void wait_here_with_care(uint64_t stack, uint64_t deadline)
{
    struct process *process = current;
    begin_wait_locked(process, deadline);
    struct process *next = process->state == PROCESS_RUNNING ? process : take_first();
    process->kernel_rsp = stack;
    if (next != process)
        change_process(process, next, SWITCH_BLOCK, rdtsc(), 1);
    else
        process->state = PROCESS_RUNNING;
    continue_stack(next);
}

void scheduler_wait_here(uint64_t stack, uint64_t deadline)
{
    struct process *process = current;
    if (deadline || (kernel_work & WORK_NOTIFY) || trace_any(TRACE_OF_BLOCK))
        wait_here_with_care(stack, deadline);
    process->state = PROCESS_BLOCKED;
    process->wait_reason = WAIT_CALLBACK;
    process->kernel_rsp = stack;
    kernel_work &= ~(uint32_t)(WORK_SWITCH | WORK_WAKE);
    struct process *next = take_first();
    change_process(process, next, SWITCH_BLOCK, rdtsc(), 0);
    continue_stack(next);
}

void scheduler_hand_over(struct process *next)
{
    struct process *process = current;
    if (process->kind == KIND_IDLE)
        return;
    lock_off();
    uint64_t now = rdtsc();
    append_ready(process, now);
    list_remove(&next->ready_link);
    scheduler.ready_count--;
    change_process(process, next, SWITCH_YIELD, now, 1);
    change_stack(process, next);
    lock_on();
}

void scheduler_exit(void)
{
    interrupts_off();
    current->state = PROCESS_FREE;
    mutex_lock.held = 0;
    preempt_depth = 0;
    schedule(SWITCH_EXIT);
    panic("a process came back from its end");
}

static void publish_tick(void)
{
    struct tick_event event = {.time = kernel_time, .count = pit_ticks};
    notify_publish_kernel(TOPIC_TICK, &event, sizeof event, 0);
}

void scheduler_tick(void)
{
    pit_tick();
    if (topic_tick_subscribers)
        publish_tick();
    if (next_wake_time <= kernel_time)
        work_add(WORK_TICK);
    if (current->kind == KIND_IDLE)
        return;
    if (current->slice_ticks > 0)
        current->slice_ticks--;
    if (current->slice_ticks == 0) {
        work_add(WORK_SWITCH);
    }
}

void scheduler_start(void)
{
    boot_stage(BOOT_STAGE_SCHEDULER);
    scheduler.started = 1;
    pic_unmask(IRQ_TIMER);
    for (;;) {
        scheduler_point();
        interrupts_off();
        if (kernel_work)
            continue;
        __asm__ volatile("sti; hlt" : : : "memory"); /* STI lets no interrupt in before HLT */
    }
}
