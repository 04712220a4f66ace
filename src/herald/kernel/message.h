/* Messages: one reference-counted copy inside the kernel, however many receivers. */
#ifndef HERALD_MESSAGE_H
#define HERALD_MESSAGE_H

#include "kernel.h"
#include "process.h"

/* Puts the kernel's own messages into their store. */
void message_start(void);

/*
 * Small messages that were freed are kept for the next one: most messages are small, and this is half as long as the
 * heap's way. Guarded by interrupts being off. The heap counts them as used.
 */
#define MESSAGE_SMALL 40 /* data bytes that still fit in a heap block of 128 */
#define MESSAGE_SMALL_MOST 64
extern struct message *message_small;
extern uint32_t message_small_count;

/* A block for a message where none is kept; 0 when out of memory. */
struct message *message_allocate_block(uint32_t length);

static inline struct message *message_take_small(void)
{
    interrupts_off();
    struct message *message = message_small;
    if (message) {
        message_small = message->next_free;
        message_small_count--;
    }
    interrupts_on();
    return message;
}

/*
 * A message with room for `length` bytes and one reference, for the process on the CPU; 0 when out of memory. Not
 * under a lock; interrupts are on.
 */
static inline struct message *message_allocate(uint32_t topic, uint32_t length)
{
    struct process *publisher = current;
    struct message *message;
    if (length > MESSAGE_SMALL || !message_small)
        message = message_allocate_block(length);
    else if (process_allocation_fails())
        return 0;
    else if (!(message = message_take_small())) /* an interrupt came in between */
        message = message_allocate_block(length);
    if (!message)
        return 0;
    message->references = 1;
    message->flags = 0;
    message->topic = topic;
    message->length = length;
    message->publisher_pid = publisher->pid;
    message->publisher_generation = publisher->generation;
    return message;
}

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

/* The same on the way back to user mode, with interrupts off. */
static inline void message_release_last(struct message *message)
{
    if (--message->references)
        return;
    if ((message->flags & MESSAGE_KERNEL) || message->length > MESSAGE_SMALL || message_small_count >= MESSAGE_SMALL_MOST) {
        message_free(message);
        return;
    }
    message->next_free = message_small;
    message_small = message;
    message_small_count++;
}

static inline void *message_data(struct message *message)
{
    return message + 1;
}

#endif
