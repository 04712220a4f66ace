/*
 * Shared memory: segments that several processes attach at the same address, and waiting for a word in one of them to
 * change. A segment exists as long as some process has it attached.
 */
#ifndef HERALD_SEGMENT_H
#define HERALD_SEGMENT_H

#include "kernel.h"

extern struct segment *segment_table[MAX_SEGMENTS];

/* The contracts are those of herald.h; the address is the result. */
int64_t segment_attach(uint32_t number, uint64_t bytes);
int segment_detach(uint32_t number);

/* Detaches all segments of the process on the CPU. */
void segment_detach_all(void);

int segment_wait(uint64_t address, uint32_t expected, uint64_t timeout_ms);
int segment_wake(uint64_t address, uint32_t count);

/* Number of segments. */
uint32_t segment_count(void);

#endif
