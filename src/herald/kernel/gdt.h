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

struct task_state {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map;
} __attribute__((packed));

_Static_assert(offsetof(struct task_state, rsp) == TSS_RSP0, "RSP0");
_Static_assert(sizeof(struct task_state) == 104, "TSS");

extern struct task_state tss;

/* Where interrupts from ring 3 and system calls push their frame. */
static inline void gdt_set_kernel_stack(uint64_t top)
{
    tss.rsp[0] = top;
}
#endif

#endif
