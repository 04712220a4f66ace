/* Segments and the task state segment. */
#ifndef HERALD_GDT_H
#define HERALD_GDT_H

/* SYSRET wants user data directly in front of user code. */
#define SELECTOR_KERNEL_CODE 0x08
#define SELECTOR_KERNEL_DATA 0x10
#define SELECTOR_USER_DATA 0x1b
#define SELECTOR_USER_CODE 0x23
#define SELECTOR_TSS 0x28

/* Interrupt stack table entry of the double fault: it must not rely on the stack that has just overflowed. */
#define IST_DOUBLE_FAULT 1

/* Offset of RSP0 in the TSS: the kernel stack of the process on the CPU. */
#define TSS_RSP0 4

#ifndef __ASSEMBLER__
#include "kernel.h"

void gdt_start(void);

/* Where interrupts from ring 3 and system calls push their frame. */
void gdt_set_kernel_stack(uint64_t top);
#endif

#endif
