/* The process manager: the process table and who is on the CPU, behind mutex_lock. */
#ifndef HERALD_PROCESS_H
#define HERALD_PROCESS_H

#include "kernel.h"

/*
 * The process manager's state. While mutex_lock is held the scheduler changes nothing of it, so a reader who holds it
 * may look at current_pid and at any process.
 */
extern struct process process_table[MAX_PROCESSES];
extern uint32_t current_pid;
extern struct mutex mutex_lock;
extern struct process *current; /* &process_table[current_pid] */

/* Makes the idle process of whoever calls. */
void process_start(void);

/* Which process a caller means: PID, and the generation it knows (0: whichever there is). */
#define PROCESS_HANDLE(pid, generation) ((uint64_t)(generation) << 32 | (pid))

/*
 * A new process in state creating, with a kernel stack, not yet in the ready queue; 0 when the table is full or out
 * of memory (*error). Its maker fills it and calls process_ready, or gives it back with process_abandon.
 */
struct process *process_create(const char *name, enum process_kind kind, int *error);

/*
 * Lets a process that was created begin at `entry` (trap.S) with `frame` on its kernel stack, and announces it.
 * Returns its handle.
 */
int64_t process_ready(struct process *process, void (*entry)(void), const struct trap_frame *frame);
void process_abandon(struct process *process);

/*
 * Loads a file as a new process; tries `name`, then `name`.prg. Returns its handle, -ENOENT, -ENOEXEC, -ENOMEM,
 * -ENOSPC or -EIO.
 */
int64_t process_spawn(const char *name, const char *arguments);

/* Ends the process on the CPU. Not under a lock. */
_Noreturn void process_exit(int status, enum exit_reason reason);

/*
 * Ends another process at its next step towards user mode; what it waits for is broken off. Returns 0, -ESRCH or
 * -EPERM (the idle process).
 */
int process_kill(uint64_t handle);

/* Is this the allocation of the process on the CPU that a test wants to find no memory? */
static inline int process_allocation_fails(void)
{
    return __builtin_expect(++current->allocations == current->fail_allocation, 0);
}

/* Waits for a process's end. Returns 0 and its status, -ESRCH, -EINVAL (oneself), -ETIMEDOUT or -EINTR. */
int process_wait(uint64_t handle, uint64_t timeout_ms, int *status);

/* Announces the process on the CPU on TOPIC_SERVICE_READY. */
void process_service_ready(void);

/* Describes up to `count` processes in order of their PIDs; returns how many. Not under a lock. */
uint32_t process_list(struct process_info *list, uint32_t count);

#endif
