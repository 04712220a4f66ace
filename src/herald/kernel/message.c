#include "message.h"

#include "heap.h"
#include "mutex.h"
#include "process.h"

static struct kernel_message {
    struct message message;
    char data[KERNEL_MESSAGE_SIZE];
} kernel_messages[KERNEL_MESSAGES];

/*
 * Small messages that were freed are kept for the next one: most messages are small, and this is half as long as the
 * heap's way. Guarded by preempt_depth. The heap counts them as used; message_cached says how many.
 */
#define SMALL_BYTES 40 /* data bytes that still fit in a heap block of 128 */
#define SMALL_MOST 64
static struct message *small;
static uint32_t small_count;

/* Guarded by interrupts being off. */
static struct message *store;
static uint32_t store_count;

static void put_into_store(struct message *message)
{
    uint64_t saved = interrupts_save();
    message->next_free = store;
    store = message;
    store_count++;
    interrupts_restore(saved);
}

void message_start(void)
{
    for (unsigned i = KERNEL_MESSAGES; i-- > 0;)
        put_into_store(&kernel_messages[i].message);
}

/* The sequence number and the time follow when it joins the queue. */
static inline void initialise(struct message *message, uint32_t topic, uint32_t length, uint32_t flags)
{
    message->references = 1;
    message->flags = flags;
    message->topic = topic;
    message->length = length;
}

/* A block for a message that is not small, or when no small one is kept; 0 when out of memory. */
static __attribute__((noinline)) struct message *allocate_block(uint32_t length)
{
    return heap_allocate(sizeof(struct message) + (length <= SMALL_BYTES ? SMALL_BYTES : length));
}

/* A block that is kept for small messages, 0 when there is none. */
static inline struct message *take_small(void)
{
    preempt_disable();
    struct message *message = small;
    if (message) {
        small = message->next_free;
        small_count--;
    }
    preempt_enable();
    return message;
}

static inline void free_small(struct message *message)
{
    preempt_disable();
    int keep = small_count < SMALL_MOST;
    if (keep) {
        message->next_free = small;
        small = message;
        small_count++;
    }
    preempt_enable();
    if (!keep)
        heap_free(message);
}

uint32_t message_cached(void)
{
    return small_count;
}

struct message *message_allocate(uint32_t topic, uint32_t length)
{
    struct message *message = 0;
    if (length <= SMALL_BYTES && small) {
        if (process_allocation_fails())
            return 0;
        message = take_small();
    }
    if (!message && !(message = allocate_block(length)))
        return 0;
    initialise(message, topic, length, 0);
    message->publisher_pid = current->pid;
    message->publisher_generation = current->generation;
    return message;
}

struct message *message_allocate_kernel(uint32_t topic, uint32_t length)
{
    if (length > KERNEL_MESSAGE_SIZE)
        panic("kernel message of %u bytes", length);
    uint64_t saved = interrupts_save();
    struct message *message = store;
    if (message) {
        store = message->next_free;
        store_count--;
    }
    interrupts_restore(saved);
    if (message) {
        initialise(message, topic, length, MESSAGE_KERNEL);
        message->publisher_pid = 0;
        message->publisher_generation = 0;
    }
    return message;
}

uint32_t message_kernel_free(void)
{
    return store_count;
}

void message_free(struct message *message)
{
    if (message->references)
        panic("message released too often");
    if (message->flags & MESSAGE_KERNEL)
        put_into_store(message);
    else if (message->length <= SMALL_BYTES)
        free_small(message);
    else
        heap_free(message);
}
