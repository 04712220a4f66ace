/* Callbacks into native processes: entered on the way back to user mode, one at a time. */
#ifndef HERALD_CALLBACK_H
#define HERALD_CALLBACK_H

#include "kernel.h"

/*
 * Enters the next callback, if one waits and none is running: the message is put onto the user's stack, `frame` is
 * kept by the kernel and becomes the callback's: callback(topic, data, length, cookie, dropped). Ends the process
 * when its stack cannot take the message.
 */
void callback_enter(struct trap_frame *frame);

/*
 * The call that ends a callback: `frame` becomes the interrupted one again. Returns what its RAX must be; -EINVAL
 * outside a callback.
 */
int64_t callback_return(struct trap_frame *frame);

#endif
