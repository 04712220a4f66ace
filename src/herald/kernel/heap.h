/* The kernel heap: blocks of 32 << n bytes, one free list per size. */
#ifndef HERALD_HEAP_H
#define HERALD_HEAP_H

#include "kernel.h"

extern struct heap heap;

/* Behind the bytes that were asked for stands a word that nobody may change. */
#define HEAP_GUARD UINT64_C(0x64726175472e2e2e)

#define HEAP_LARGEST ((UINT32_C(32) << (HEAP_CLASSES - 1)) - sizeof(struct heap_block) - sizeof(uint64_t))

void heap_start(void);

/*
 * A block of at least `size` bytes, 16-byte aligned, contents undefined; 0 when out of memory or size > HEAP_LARGEST.
 */
void *heap_allocate(size_t size);

/* Gives a block back; 0 is allowed. Panics when it was given back before, or was written behind its end. */
void heap_free(void *block);

/* Looks at every block and every free list; panics with what is wrong. */
void heap_check(void);

#endif
