/* System calls; the list with arguments and results is enum system_call, the contracts stand in include/herald.h. */
#ifndef HERALD_SYSCALL_H
#define HERALD_SYSCALL_H

#include "kernel.h"

/* Tells the CPU where SYSCALL goes. */
void syscall_start(void);

/* Called by trap.S, interrupts on: does the call and puts its result into frame->rax. */
void syscall(struct trap_frame *frame);

#endif
