/*
 * What every file of the kernel needs: the layout, ports, the TSC, panic.
 *
 * How the kernel is organised
 *
 * One CPU. Each process has a kernel stack; system calls and interpreted Programs run on it with interrupts on, and a
 * timer interrupt may switch to another process at any instruction, unless a lock is held.
 *
 * Locks (mutex.h). Holding one keeps the scheduler from switching, so a lock is never contended; what an interrupt
 * asks for meanwhile is done when the last lock is released. Order: mutex_lock (process manager, topics, mailboxes)
 * before heap_mutex before frame_mutex; console_mutex and disk_mutex are innermost and are taken alone. Nothing is
 * allocated, no user memory is touched and no callback runs under mutex_lock; freeing under it is allowed.
 * Where a few instructions are enough (a message taken for a callback, callback.c; the next wait of a process in serve,
 * scheduler.c), interrupts are off instead, which keeps everybody else away as well. They are never off for longer
 * than a few hundred instructions, however many subscribe: tests/bench/ipc.test.ts looks at that from outside.
 *
 * Interrupt handlers change only: the notification queue and the store of kernel messages (both guarded by interrupts
 * being off), the clock, the trace ring, and the bits of kernel_work.
 */
#ifndef HERALD_KERNEL_H
#define HERALD_KERNEL_H

#include "layout.h"
#include "list.h"
#include "string.h"

typedef uint64_t phys_t; /* a physical address */

#define MIB (1024 * 1024)

static inline void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outw(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outl(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline uint64_t rdtsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return low | (uint64_t)high << 32;
}

static inline void write_msr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

static inline void barrier(void)
{
    __asm__ volatile("" : : : "memory");
}

#define RFLAGS_IF 0x200

/* Turns interrupts off; returns the flags for interrupts_restore. */
static inline uint64_t interrupts_save(void)
{
    uint64_t flags;
    __asm__ volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
    return flags;
}

static inline void interrupts_restore(uint64_t flags)
{
    if (flags & RFLAGS_IF)
        __asm__ volatile("sti" : : : "memory");
}

static inline void interrupts_on(void)
{
    __asm__ volatile("sti" : : : "memory");
}

static inline void interrupts_off(void)
{
    __asm__ volatile("cli" : : : "memory");
}

/* Ends the machine with a message: an invariant of the kernel is broken. */
_Noreturn void panic(const char *pattern, ...) __attribute__((format(printf, 1, 2)));

/* Turns the machine off. */
_Noreturn void power_off(void);

#endif
