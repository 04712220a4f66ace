/* Messages: one reference-counted copy inside the kernel, however many receivers. */
#ifndef HERALD_MESSAGE_H
#define HERALD_MESSAGE_H

#include "kernel.h"

/* Puts the kernel's own messages into their store. */
void message_start(void);

/*
 * A message with room for `length` bytes and one reference, for the process on the CPU; 0 when out of memory. Not
 * under a lock.
 */
struct message *message_allocate(uint32_t topic, uint32_t length);

/*
 * The same from the kernel's store, at most KERNEL_MESSAGE_SIZE bytes; for interrupt handlers too. 0 when the store
 * is empty.
 */
struct message *message_allocate_kernel(uint32_t topic, uint32_t length);

/* Number of messages left in the kernel's store. */
uint32_t message_kernel_free(void);

/* Gives one reference back; the last one frees the message. mutex_lock is held, or nobody else knows the message. */
void message_release(struct message *message);

static inline void *message_data(struct message *message)
{
    return message + 1;
}

#endif
