#include "message.h"

#include "heap.h"
#include "process.h"

static struct kernel_message {
    struct message message;
    char data[KERNEL_MESSAGE_SIZE];
} kernel_messages[KERNEL_MESSAGES];

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

struct message *message_allocate(uint32_t topic, uint32_t length)
{
    struct message *message = heap_allocate(sizeof *message + length);
    if (message)
        *message = (struct message){
            .references = 1,
            .topic = topic,
            .length = length,
            .publisher_pid = current->pid,
            .publisher_generation = current->generation,
        };
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
    if (message)
        *message = (struct message){.references = 1, .flags = MESSAGE_KERNEL, .topic = topic, .length = length};
    return message;
}

uint32_t message_kernel_free(void)
{
    return store_count;
}

void message_release(struct message *message)
{
    if (message->references == 0)
        panic("message released too often");
    if (--message->references > 0)
        return;
    if (message->flags & MESSAGE_KERNEL)
        put_into_store(message);
    else
        heap_free(message);
}
