/* One preemptive round robin on the timer interrupt; Programs and native processes alike. */
#ifndef HERALD_SCHEDULER_H
#define HERALD_SCHEDULER_H

#include "kernel.h"
#include "mutex.h"
#include "process.h"

extern struct scheduler scheduler;

#define FOREVER_MS UINT64_C(0xffffffff) /* a timeout that never comes */

/* Prepares the queues; timer interrupts per second when no quantum asks for more. */
void scheduler_init(void);

/* Adds a Program as a new process. The Program is copied. Returns its handle or a negative error. */
int64_t scheduler_addtask(const struct Program *program, const char *name);

/* Starts the timer and becomes the idle process. */
_Noreturn void scheduler_start(void);

/* Sets the quantum, 100 us to 1 s; returns 0 or -EINVAL. */
int scheduler_set_quantum(uint64_t microseconds);

/* The same from 5 us on, as the quantum of tests that want a switch at every possible instruction. */
int scheduler_set_quantum_short(uint64_t microseconds);

/* Sets how often the timer interrupts at least, 19 to 1000 Hz; returns 0 or -EINVAL. */
int scheduler_set_hz(uint64_t hz);

/* Kernel time `timeout_ms` from now; 0 for FOREVER_MS. */
uint64_t scheduler_deadline(uint64_t timeout_ms);

/* Puts a new process at the end of the ready queue. mutex_lock is held, as for the next two. */
void scheduler_add(struct process *process);

/*
 * Blocks the process on the CPU until scheduler_wake or until kernel time `deadline` (0: never). mutex_lock is the
 * only lock held; it is given up meanwhile. Returns what the waker says, -ETIMEDOUT, or -EINTR when it was killed or
 * a callback waits.
 */
int scheduler_block(enum wait_reason reason, uint64_t object, uint64_t deadline);

/*
 * Waits for a callback as scheduler_block does, but saves nothing: the process goes on at the address that lies at `stack`
 * on its kernel stack; process.wake_result says why. Interrupts are off, now and then; no lock is held, and the process is not
 * condemned.
 */
_Noreturn void scheduler_wait_here(uint64_t stack, uint64_t deadline);

/* Gives the CPU to a process of the ready queue at once. mutex_lock is the only lock held; it is given up meanwhile. */
void scheduler_hand_over(struct process *next);

/* Makes a blocked process ready. */
void scheduler_wake(struct process *process, enum wake_reason reason, int result);

/*
 * The same for one that stands in no queue of waiters, with result 0, at the time `now`, and not traced. After the last of
 * them: scheduler_woken.
 */
void scheduler_remove_sleeper(struct process *process);

static inline void scheduler_wake_at(struct process *process, uint64_t now)
{
    if (process->wake_time)
        scheduler_remove_sleeper(process);
    process->wait_reason = WAIT_NONE;
    process->wake_result = 0;
    process->blocked_time += now - process->state_since;
    process->state = PROCESS_READY;
    process->state_since = now;
    list_append(&scheduler.ready, &process->ready_link);
    scheduler.ready_count++;
}

/* Whoever is ready need not wait for the next timer interrupt when nobody else wants the CPU. */
static inline void scheduler_woken(void)
{
    if (current->kind == KIND_IDLE)
        work_add(WORK_WAKE);
}

/* Leaves the CPU for ever: the slot becomes free. mutex_lock is held and ends here. */
_Noreturn void scheduler_exit(void);

/* Gives the CPU to the next one. Not under a lock. */
void scheduler_yield(void);

/* The timer interrupt. */
void scheduler_tick(void);

/* Does what kernel_work asks for. No lock is held; interrupts are left as they are. */
void scheduler_point(void);

/* The first thing a new process does: interrupts on, pending work done. */
void scheduler_begin(void);

#endif
