/* Positions in a bounded ring: the owner keeps head, count and the slots; these say which slot comes next. */
#ifndef HERALD_QUEUE_H
#define HERALD_QUEUE_H

#include <stdint.h>

/* The slot `offset` places behind `head`; offset <= capacity. */
static inline uint32_t queue_slot(uint32_t head, uint32_t offset, uint32_t capacity)
{
    uint32_t slot = head + offset;
    return slot >= capacity ? slot - capacity : slot;
}

#endif
