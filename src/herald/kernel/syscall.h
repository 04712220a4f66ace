/* System calls; the list with arguments and results is enum system_call, the contracts stand in include/herald.h. */
#ifndef HERALD_SYSCALL_H
#define HERALD_SYSCALL_H

#include "kernel.h"

#define SYSTEM_CALLS 36
_Static_assert(SYS_SERVE + 1 == SYSTEM_CALLS, "SYS_SERVE is the last one");

/* Tells the CPU where SYSCALL goes. */
void syscall_start(void);

/* Numbers below it go straight to their function (trap.S), others to syscall_unusual: 0 while calls are traced. */
extern uint64_t syscall_limit;

/* Calls are traced, or not. */
void syscall_trace(int on);

/* From trap.S, interrupts on: a call that is traced, or is none. Returns its result. */
int64_t syscall_unusual(uint64_t number, const uint64_t arguments[5]);

#endif
