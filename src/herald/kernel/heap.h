/* The kernel heap: blocks of 32 << n bytes, one free list per size. */
#ifndef HERALD_HEAP_H
#define HERALD_HEAP_H

#include "kernel.h"

extern struct heap heap;

#define HEAP_LARGEST ((UINT32_C(32) << (HEAP_CLASSES - 1)) - sizeof(struct heap_block))

void heap_start(void);

/*
 * A block of at least `size` bytes, 16-byte aligned, contents undefined; 0 when out of memory or size > HEAP_LARGEST.
 */
void *heap_allocate(size_t size);

/* Gives a block back; 0 is allowed. */
void heap_free(void *block);

#endif
