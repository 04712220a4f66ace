/* Exceptions and interrupts. */
#ifndef HERALD_TRAP_H
#define HERALD_TRAP_H

#include "kernel.h"

/* Called by trap.S with interrupts off; the frame is what trap_return will restore. */
void trap(struct trap_frame *frame);

static inline int frame_is_user(const struct trap_frame *frame)
{
    return (frame->cs & 3) == 3;
}

#endif
