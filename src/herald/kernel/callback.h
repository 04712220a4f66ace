/* Callbacks into native processes: entered on the way back to user mode, one at a time. */
#ifndef HERALD_CALLBACK_H
#define HERALD_CALLBACK_H

/* Room for a struct callback_frame in trap.S, a multiple of 16. */
#define CALLBACK_FRAME_ROOM 96

#ifndef __ASSEMBLER__
#include "kernel.h"

/* The registers with which a callback begins, as trap.S pops them. */
struct callback_frame {
    uint64_t reply;   /* r9 */
    uint64_t dropped; /* r8 */
    uint64_t cookie;  /* rcx */
    uint64_t length;  /* rdx */
    uint64_t data;    /* rsi */
    uint64_t topic;   /* rdi */
    uint64_t rip, cs, rflags, rsp, ss;
};

_Static_assert(sizeof(struct callback_frame) <= CALLBACK_FRAME_ROOM, "CALLBACK_FRAME_ROOM");

/*
 * From trap.S on the way back to user mode with `frame`: ends a condemned process, enters a callback if one waits and
 * none is running. Returns 1 when a callback is to be entered as `callback` now says (the frame it interrupts stays where it
 * is), else 0. Interrupts are off.
 */
int process_return(struct trap_frame *frame, struct callback_frame *callback);

/*
 * The call callback_return, from trap.S, with interrupts off: the callback has ended. In serve it waits for the next one, and
 * then does not return to its caller but goes on right behind the call.
 */
void callback_end(void);
void callback_end_traced(void);
#endif

#endif
