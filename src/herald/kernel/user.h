/* The memory of the process on the CPU, seen from the kernel. Nothing here may be called with a lock held. */
#ifndef HERALD_USER_H
#define HERALD_USER_H

#include "kernel.h"

static inline int is_user_range(uint64_t address, size_t size)
{
    return size <= USER_TOP - USER_BASE && address - USER_BASE <= USER_TOP - USER_BASE - size;
}

/*
 * Copies, eight bytes at a time and then the rest. Where the page-fault handler finds that a page is missing or forbidden, it
 * looks into a table of these places (trap.c) and goes on behind the copy with -EFAULT as the result.
 */
static inline int user_copy(void *to, const void *from, size_t size)
{
    int result = 0;
    size_t words = size / 8;
    __asm__ volatile("1:\trep movsq\n\t"
                     "movl %k4, %%ecx\n\t"
                     "rep movsb\n"
                     "2:\n\t"
                     ".pushsection .rodata.user_copies, \"a\"\n\t"
                     ".quad 1b, 2b\n\t"
                     ".popsection"
                     : "+&a"(result), "+&D"(to), "+&S"(from), "+&c"(words)
                     : "r"(size & 7)
                     : "memory");
    return result;
}

/* Return 0, or -EFAULT when any byte is outside user memory, not mapped, or (copy_to_user) not writable. */
static inline int copy_from_user(void *to, uint64_t from, size_t size)
{
    return size == 0 ? 0 : is_user_range(from, size) ? user_copy(to, (const void *)from, size) : -EFAULT;
}

static inline int copy_to_user(uint64_t to, const void *from, size_t size)
{
    return size == 0 ? 0 : is_user_range(to, size) ? user_copy((void *)to, from, size) : -EFAULT;
}

/* Copies a text with its NUL into `size` bytes. Returns its length, -EFAULT, or -ETOOBIG when it does not fit. */
long copy_text_from_user(char *to, uint64_t from, size_t size);

/* 0 when every byte may be written by the user: a copy_to_user of it will not fail. Else -EFAULT. */
int user_check_writable(uint64_t address, size_t size);

/* Is the address executable user memory? */
int user_is_executable(uint64_t address);

/*
 * A page is missing at this address: if it belongs to the stack, gives it one. Returns 1 when the access can be tried
 * again.
 */
int user_grow_stack(uint64_t address);

/* Is the address in the guard page below the stack, or in the stack (and there was no memory for it)? */
int user_in_guard(uint64_t address);

#endif
