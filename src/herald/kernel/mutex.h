/* Locks. On one CPU a lock only has to keep the scheduler away from its holder. See kernel.h for their order. */
#ifndef HERALD_MUTEX_H
#define HERALD_MUTEX_H

#include "kernel.h"

/* What waits to be done at the next scheduling point (bits of kernel_work). */
enum {
    WORK_TICK = 1,   /* a sleeper's time has come */
    WORK_NOTIFY = 2, /* the notification queue is not empty */
    WORK_SWITCH = 4, /* the process on the CPU has used up its quantum */
    WORK_WAKE = 8,   /* the idle process is on the CPU and another one is ready */
};

extern uint32_t preempt_depth; /* number of locks held; the scheduler switches only at 0 */
extern uint32_t kernel_work;   /* bits are set by work_add and cleared with interrupts off */
extern uint32_t current_pid;   /* the process on the CPU */

void scheduler_point(void);

/* One instruction, so that an interrupt handler that adds work of its own cannot come in between. */
static inline void work_add(uint32_t work)
{
    __asm__ volatile("orl %1, %0" : "+m"(kernel_work) : "ir"(work));
}

/* Between these the scheduler does not switch. */
static inline void preempt_disable(void)
{
    preempt_depth++;
    barrier();
}

static inline void preempt_enable(void)
{
    barrier();
    if (--preempt_depth == 0 && kernel_work)
        scheduler_point();
}

static inline void mutex_acquire(struct mutex *mutex)
{
    preempt_depth++;
    barrier();
    if (mutex->held)
        panic("lock taken twice");
    mutex->held = 1;
    mutex->owner_pid = current_pid;
}

/* Also does what had to wait for it. The caller may find itself preempted here. */
static inline void mutex_release(struct mutex *mutex)
{
    mutex->held = 0;
    barrier();
    if (--preempt_depth == 0 && kernel_work)
        scheduler_point();
}

#endif
