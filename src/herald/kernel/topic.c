#include "topic.h"

#include "hash.h"
#include "heap.h"
#include "mailbox.h"
#include "message.h"
#include "mutex.h"
#include "process.h"
#include "trace.h"

#define BUCKET_BITS 6
_Static_assert(1 << BUCKET_BITS == TOPIC_BUCKETS, "TOPIC_BUCKETS");

struct topic_table topic_table;

/* The link that points to the topic, or the null link at the end of its bucket. mutex_lock is held. */
static struct topic **find_link(uint32_t id)
{
    struct topic **link = &topic_table.buckets[hash_bucket(id, BUCKET_BITS)];
    while (*link && (*link)->id != id)
        link = &(*link)->next;
    return link;
}

static struct subscription *find_subscription(uint32_t id)
{
    list_each(node, &current->subscriptions) {
        struct subscription *subscription = container_of(node, struct subscription, in_process);
        if (subscription->topic->id == id)
            return subscription;
    }
    return 0;
}

static struct subscription *subscription_create(uint64_t callback, const struct subscribe_options *options)
{
    uint32_t depth = options->depth ? options->depth : MAILBOX_DEPTH;
    struct subscription *subscription = heap_allocate(sizeof *subscription + depth * sizeof(struct delivery));
    if (!subscription)
        return 0;
    *subscription = (struct subscription){
        .pid = current->pid,
        .generation = current->generation,
        .callback = callback,
        .cookie = options->cookie,
        .policy = options->policy,
        .depth = depth,
    };
    mailbox_attach(subscription);
    return subscription;
}

/*
 * Joins topic and subscription. `spare` becomes the topic if there is none yet. mutex_lock is held. Returns 0 or an
 * error.
 */
static int link_subscription(uint32_t id, struct subscription *subscription, struct topic *spare)
{
    if (find_subscription(id))
        return -EALREADY;
    if (current->subscription_count == MAX_SUBSCRIPTIONS)
        return -ENOSPC;
    struct topic **link = find_link(id);
    if (!*link) {
        if (topic_table.topic_count == MAX_TOPICS)
            return -ENOSPC;
        *spare = (struct topic){.id = id};
        list_init(&spare->subscribers);
        *link = spare;
        topic_table.topic_count++;
    }
    subscription->topic = *link;
    list_append(&(*link)->subscribers, &subscription->in_topic);
    list_append(&current->subscriptions, &subscription->in_process);
    (*link)->subscriber_count++;
    current->subscription_count++;
    topic_table.subscription_count++;
    trace(TRACE_SUBSCRIBE, 0, id | (uint64_t)subscription->depth << 32, subscription->callback);
    return 0;
}

int topic_subscribe(uint32_t id, uint64_t callback, const struct subscribe_options *options)
{
    if (options->depth > MAILBOX_DEPTH_MAX || options->policy > POLICY_DROP_NEWEST)
        return -EINVAL;
    struct subscription *subscription = subscription_create(callback, options);
    struct topic *spare = heap_allocate(sizeof *spare);
    int result = -ENOMEM;
    int spare_used = 0;
    if (subscription && spare) {
        mutex_acquire(&mutex_lock);
        result = link_subscription(id, subscription, spare);
        spare_used = result == 0 && subscription->topic == spare;
        mutex_release(&mutex_lock);
    }
    if (result)
        heap_free(subscription);
    if (!spare_used)
        heap_free(spare);
    return result;
}

/* Takes the subscription out of everything and frees it, and its topic if that has no other. mutex_lock is held. */
static void unlink_subscription(struct subscription *subscription)
{
    struct topic *topic = subscription->topic;
    mailbox_detach(subscription);
    list_remove(&subscription->in_topic);
    list_remove(&subscription->in_process);
    current->subscription_count--;
    topic_table.subscription_count--;
    trace(TRACE_UNSUBSCRIBE, 0, topic->id, 0);
    if (--topic->subscriber_count == 0) {
        *find_link(topic->id) = topic->next;
        topic_table.topic_count--;
        heap_free(topic);
    }
    heap_free(subscription);
}

int topic_unsubscribe(uint32_t id)
{
    mutex_acquire(&mutex_lock);
    struct subscription *subscription = find_subscription(id);
    if (subscription)
        unlink_subscription(subscription);
    mutex_release(&mutex_lock);
    return subscription ? 0 : -ENOENT;
}

void topic_unsubscribe_all(void)
{
    for (;;) { /* one at a time, so that the lock is never held for long */
        mutex_acquire(&mutex_lock);
        int done = list_empty(&current->subscriptions);
        if (!done)
            unlink_subscription(container_of(current->subscriptions.next, struct subscription, in_process));
        mutex_release(&mutex_lock);
        if (done)
            return;
    }
}

/* First space is reserved for everybody, then everybody is served: nothing can fail half-way. */
void topic_serve(struct message *message)
{
    struct topic *topic = *find_link(message->topic);
    if (!topic)
        return;
    topic->published++;
    list_each(node, &topic->subscribers)
        mailbox_reserve(container_of(node, struct subscription, in_topic), message);
    list_each(node, &topic->subscribers)
        mailbox_deliver(container_of(node, struct subscription, in_topic), message);
}

static void describe(const struct topic *topic, struct topic_info *info)
{
    *info = (struct topic_info){
        .id = topic->id,
        .subscribers = topic->subscriber_count,
        .published = topic->published,
        .delivered = topic->delivered,
        .dropped = topic->dropped,
    };
    list_each(node, &topic->subscribers)
        info->queued += container_of(node, struct subscription, in_topic)->queued;
}

uint32_t topic_list(struct topic_info *list, uint32_t count)
{
    uint32_t used = 0;
    mutex_acquire(&mutex_lock);
    for (unsigned bucket = 0; bucket < TOPIC_BUCKETS; bucket++) {
        for (struct topic *topic = topic_table.buckets[bucket]; topic && used < count; topic = topic->next) {
            struct topic_info info;
            uint32_t at = used++;
            describe(topic, &info);
            for (; at > 0 && list[at - 1].id > info.id; at--)
                list[at] = list[at - 1];
            list[at] = info;
        }
    }
    mutex_release(&mutex_lock);
    return used;
}
