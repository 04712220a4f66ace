#include "message.h"

#include "heap.h"
#include "mutex.h"
#include "process.h"

static struct kernel_message {
    struct message message;
    char data[KERNEL_MESSAGE_SIZE];
} kernel_messages[KERNEL_MESSAGES];

struct message *message_small;
uint32_t message_small_count;

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

struct message *message_allocate_block(uint32_t length)
{
    return heap_allocate(sizeof(struct message) + (length <= MESSAGE_SMALL ? MESSAGE_SMALL : length));
}

/* Keeps a small message for the next one; 0 when there are enough. */
static int keep_small(struct message *message)
{
    uint64_t saved = interrupts_save();
    int keep = message_small_count < MESSAGE_SMALL_MOST;
    if (keep) {
        message->next_free = message_small;
        message_small = message;
        message_small_count++;
    }
    interrupts_restore(saved);
    return keep;
}

uint32_t message_cached(void)
{
    return message_small_count;
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
        message->references = 1;
        message->flags = MESSAGE_KERNEL;
        message->topic = topic;
        message->length = length;
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
    else if (message->length > MESSAGE_SMALL || !keep_small(message))
        heap_free(message);
}
