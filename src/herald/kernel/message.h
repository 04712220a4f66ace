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

/* Heap blocks that are kept for small messages but hold none: each has MESSAGE_CACHED_BYTES. */
#define MESSAGE_CACHED_BYTES 128
uint32_t message_cached(void);

/* Frees a message nobody has a reference to any more. */
void message_free(struct message *message);

/* One more reference, and one less; the last one frees the message. Single instructions: no lock is needed. */
static inline void message_hold(struct message *message)
{
    __asm__ volatile("incl %0" : "+m"(message->references));
}

static inline void message_release(struct message *message)
{
    int last;
    __asm__ volatile("decl %0" : "+m"(message->references), "=@ccle"(last));
    if (last)
        message_free(message);
}

static inline void *message_data(struct message *message)
{
    return message + 1;
}

#endif
