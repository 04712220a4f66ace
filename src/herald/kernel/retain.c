#include "retain.h"

#include "mailbox.h"
#include "message.h"
#include "mutex.h"
#include "process.h"
#include "topic.h"

static uint32_t depth_of(const struct topic *topic)
{
    return topic->retain_depth ? topic->retain_depth : 1;
}

static struct message *oldest(const struct topic *topic)
{
    return container_of(topic->retained.next, struct message, in_retained);
}

static void forget(struct topic *topic, struct message *message)
{
    list_remove(&message->in_retained);
    topic->retained_count--;
    topic_table.retained_bytes -= message->length;
    process_table[message->publisher_pid].retained_bytes -= message->length;
    message_release(message);
}

int retain_prepare(uint32_t id)
{
    return retain_set_depth(id, UINT32_MAX);
}

int retain_set_depth(uint32_t id, uint32_t depth)
{
    struct topic *spare = topic_allocate();
    if (!spare)
        return -ENOMEM;
    mutex_acquire(&mutex_lock);
    struct topic *topic = topic_get(id, &spare);
    if (topic && depth != UINT32_MAX) {
        topic->retain_depth = depth;
        while (topic->retained_count > depth)
            forget(topic, oldest(topic));
    }
    if (topic && depth == 0)
        topic_put(topic);
    mutex_release(&mutex_lock);
    topic_discard(spare);
    return topic ? 0 : -ENOSPC;
}

int retain_check(const struct topic *topic, const struct message *message)
{
    if (!topic)
        return -ENOENT;
    uint64_t all = topic_table.retained_bytes + message->length;
    uint64_t own = current->retained_bytes + message->length;
    if (topic->retained_count >= depth_of(topic)) { /* its place becomes free */
        const struct message *first = oldest(topic);
        all -= first->length;
        own -= first->publisher_pid == current->pid ? first->length : 0;
    }
    return all > RETAINED_BYTES || own > PUBLISHER_RETAINED ? -ENOSPC : 0;
}

void retain_keep(struct topic *topic, struct message *message)
{
    while (topic->retained_count >= depth_of(topic))
        forget(topic, oldest(topic));
    message_hold(message);
    list_append(&topic->retained, &message->in_retained);
    topic->retained_count++;
    topic_table.retained_bytes += message->length;
    process_table[message->publisher_pid].retained_bytes += message->length;
}

void retain_replay(const struct topic *topic, struct subscription *subscription)
{
    uint64_t bytes = current->mailbox.bytes;
    uint32_t count = 0;
    struct list_node *first = (struct list_node *)&topic->retained;
    while (first->previous != &topic->retained && count < subscription->depth) {
        bytes += container_of(first->previous, struct message, in_retained)->length;
        if (bytes > MAILBOX_BYTES)
            break;
        first = first->previous;
        count++;
    }
    for (; first != &topic->retained; first = first->next) {
        struct message *message = container_of(first, struct message, in_retained);
        subscription->reserved = mailbox_has_room(subscription, message);
        mailbox_deliver(subscription, message);
    }
}
