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
 * Enters the next callback, if one waits and none is running: the message is put onto the user's stack and `callback`
 * is filled. `frame` is what it interrupts, and stays where it is. Returns 1, or 0 when there is nothing to enter. Ends
 * the process when its stack cannot take the message.
 */
int callback_enter(struct trap_frame *frame, struct callback_frame *callback);

/*
 * The call callback_return, from trap.S: the callback has ended. In serve it waits here for the next one. Afterwards
 * the interrupted frame is what the process goes back to.
 */
void callback_end(void);
#endif

#endif
