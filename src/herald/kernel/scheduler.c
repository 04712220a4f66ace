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

/* Why the process on the CPU will be switched away; written together with WORK_SWITCH. */
static enum switch_reason pending_reason;

struct process *scheduler_first_woken;

void switch_context(uint64_t *save_rsp, uint64_t new_rsp); /* trap.S */

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
    if (current->kind == KIND_IDLE) {
        pending_reason = SWITCH_WAKE;
        work_add(WORK_SWITCH);
    }
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

static void remove_sleeper(struct process *process)
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
}

void scheduler_wake(struct process *process, enum wake_reason reason, int result)
{
    if (process->state != PROCESS_BLOCKED)
        panic("scheduler_wake: process %u is not blocked", process->pid);
    trace_for(process->pid, TRACE_WAKE, reason, current_pid, process->wait_reason);
    if (process->wake_time)
        remove_sleeper(process);
    list_remove(&process->ready_link); /* a queue of waiters uses this link too */
    process->wait_reason = WAIT_NONE;
    process->wait_object = 0;
    process->wake_result = result;
    uint64_t now = rdtsc();
    process->blocked_time += now - process->state_since;
    append_ready(process, now);
    if (!scheduler_first_woken)
        scheduler_first_woken = process;
}

static void wake_sleepers(void)
{
    while (next_wake_time <= kernel_time)
        scheduler_wake(container_of(scheduler.sleepers.next, struct process, sleep_link), WAKE_TIMEOUT, -ETIMEDOUT);
}

/* ---- switching; interrupts are off, no lock is held ---- */

static void switch_to(struct process *next, enum switch_reason reason, uint64_t now)
{
    struct process *previous = current;
    previous->run_time += now - previous->switched_in;
    previous->state_since = now;
    next->ready_time += now - next->state_since;
    next->switched_in = now;
    next->switches++;
    scheduler.switches++;
    current = next;
    current_pid = next->pid;
    if (trace_enabled(TRACE_SCHEDULE))
        trace_write(now, TRACE_SCHEDULE, (uint16_t)reason, next->pid, previous->pid, next->generation);
    gdt_set_kernel_stack(next->kernel_entry);
    if (next->page_root != previous->page_root)
        vm_switch(next->page_root);
    switch_context(&previous->kernel_rsp, next->kernel_rsp);
}

/*
 * Gives the CPU to `next`, or with 0 to the first of the ready queue. The current process, if it can go on, joins the
 * queue's end.
 */
static void schedule(struct process *next, enum switch_reason reason)
{
    uint64_t now = rdtsc();
    kernel_work &= ~(uint32_t)WORK_SWITCH;
    if (current->state == PROCESS_RUNNING) {
        if (current->kind == KIND_IDLE)
            current->state = PROCESS_READY; /* ready, but in no queue */
        else
            append_ready(current, now);
    }
    if (!next && !list_empty(&scheduler.ready))
        next = container_of(scheduler.ready.next, struct process, ready_link);
    if (next) {
        list_remove(&next->ready_link);
        scheduler.ready_count--;
    } else {
        next = &process_table[0];
    }
    next->state = PROCESS_RUNNING;
    next->slice_ticks = scheduler.quantum_ticks;
    if (next != current)
        switch_to(next, reason, now);
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
            schedule(0, pending_reason);
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
    schedule(0, SWITCH_YIELD);
    interrupts_restore(saved);
    if (kernel_work)
        scheduler_point();
}

/* Leaves the CPU while mutex_lock, the only lock, is held, and takes it again afterwards. */
static void switch_unlocked(struct process *next, enum switch_reason reason)
{
    interrupts_off();
    mutex_lock.held = 0;
    preempt_depth = 0;
    schedule(next, reason);
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

int scheduler_block(enum wait_reason reason, uint64_t object, uint64_t deadline)
{
    int result;
    if (must_go_on(reason, &result)) {
        list_remove(&current->ready_link); /* it may be in a queue of waiters already */
        return result;
    }
    current->state = PROCESS_BLOCKED;
    current->wait_reason = reason;
    current->wait_object = object;
    current->wake_result = 0;
    if (deadline)
        add_sleeper(current, deadline);
    trace(TRACE_BLOCK, reason, deadline, object);
    if (kernel_work & WORK_NOTIFY)
        notify_dispatch();
    switch_unlocked(0, SWITCH_BLOCK);
    return current->wake_result;
}

void scheduler_hand_over(void)
{
    struct process *next = scheduler_first_woken;
    if (next->state == PROCESS_READY && current->kind != KIND_IDLE)
        switch_unlocked(next, SWITCH_YIELD);
}

void scheduler_exit(void)
{
    interrupts_off();
    current->state = PROCESS_FREE;
    mutex_lock.held = 0;
    preempt_depth = 0;
    schedule(0, SWITCH_EXIT);
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
        pending_reason = SWITCH_QUANTUM;
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
