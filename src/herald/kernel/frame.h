/* Physical memory, one frame of 4 KiB at a time, from the firmware's memory map. */
#ifndef HERALD_FRAME_H
#define HERALD_FRAME_H

#include "kernel.h"

extern struct frame_allocator frame_allocator;

/* Reads the memory map; the kernel image and everything below 1 MiB stay out. Call once. */
void frame_start(const struct boot_info *boot, phys_t kernel_end);

/* A zeroed frame, or 0 when there is none. */
phys_t frame_allocate(enum frame_use use, uint32_t owner);

/* Gives a frame back that frame_allocate returned. */
void frame_free(phys_t address);

/* Counts all frames; panics when the free list is not what it should be. */
void frame_check(void);

/* Where the kernel sees physical memory. */
static inline void *frame_pointer(phys_t address)
{
    return (void *)(DIRECT_MAP_BASE + address);
}

#endif
