#include "topic.h"

#include "heap.h"
#include "mailbox.h"
#include "message.h"
#include "mutex.h"
#include "process.h"
#include "request.h"
#include "retain.h"
#include "scheduler.h"
#include "trace.h"

struct topic_table topic_table;
uint32_t topic_tick_subscribers;

/* The link that points to the topic, or the null link at the end of its bucket. mutex_lock is held. */
static struct topic **find_link(uint32_t id)
{
    struct topic **link = &topic_table.buckets[hash_bucket(id, TOPIC_BUCKET_BITS)];
    while (*link && (*link)->id != id)
        link = &(*link)->next;
    return link;
}

struct topic *topic_allocate(void)
{
    return heap_allocate(sizeof(struct topic));
}

void topic_discard(struct topic *spare)
{
    heap_free(spare);
}

static void add(struct topic **link, struct topic *topic, uint32_t id)
{
    *topic = (struct topic){.id = id};
    list_init(&topic->subscribers);
    list_init(&topic->retained);
    list_init(&topic->holders);
    *link = topic;
    topic_table.topic_count++;
}

struct topic *topic_get(uint32_t id, struct topic **spare)
{
    struct topic **link = find_link(id);
    if (!*link) {
        if (topic_table.topic_count == MAX_TOPICS)
            return 0;
        add(link, *spare, id);
        *spare = 0;
    }
    return *link;
}

void topic_put(struct topic *topic)
{
    if (topic->subscriber_count || retain_needs(topic))
        return;
    topic_wake_holders(topic);
    *find_link(topic->id) = topic->next;
    topic_table.topic_count--;
    heap_free(topic);
}

void topic_start(void)
{
    static const struct {
        uint32_t id, depth;
    } kept[] = {{TOPIC_SERVICE_READY, RETAIN_DEPTH_MAX}, {TOPIC_MEMORY_LOW, 1}, {TOPIC_BOOT_STAGE, 16}};
    static struct topic topics[sizeof kept / sizeof kept[0]];
    for (unsigned i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        add(find_link(kept[i].id), &topics[i], kept[i].id);
        topics[i].retain_depth = kept[i].depth;
        topics[i].is_static = 1;
    }
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
        .process = current,
        .pid = current->pid,
        .generation = current->generation,
        .callback = callback,
        .cookie = options->cookie,
        .policy = options->policy,
        .depth = depth,
        .flags = options->flags,
    };
    mailbox_attach(subscription);
    return subscription;
}

/*
 * Joins topic and subscription. `*spare` becomes the topic, and 0, if there is none yet. mutex_lock is held. Returns 0
 * or an error.
 */
static int link_subscription(uint32_t id, struct subscription *subscription, struct topic **spare)
{
    if (find_subscription(id))
        return -EALREADY;
    if (current->subscription_count == MAX_SUBSCRIPTIONS)
        return -ENOSPC;
    struct topic *topic = topic_get(id, spare);
    if (!topic)
        return -ENOSPC;
    subscription->topic = topic;
    list_append(&topic->subscribers, &subscription->in_topic);
    list_append(&current->subscriptions, &subscription->in_process);
    topic->subscriber_count++;
    topic->hold_count += subscription->policy == POLICY_HOLD;
    topic_tick_subscribers += id == TOPIC_TICK;
    current->subscription_count++;
    topic_table.subscription_count++;
    trace(TRACE_SUBSCRIBE, 0, id | (uint64_t)subscription->depth << 32, subscription->callback);
    if (subscription->flags & SUBSCRIBE_REPLAY)
        retain_replay(topic, subscription);
    return 0;
}

int topic_subscribe(uint32_t id, uint64_t callback, const struct subscribe_options *options)
{
    if (options->depth > MAILBOX_DEPTH_MAX || options->policy > POLICY_HOLD || (options->flags & ~SUBSCRIBE_REPLAY) ||
        (options->policy == POLICY_HOLD && id < TOPIC_RESERVED)) /* the kernel waits for nobody */
        return -EINVAL;
    struct subscription *subscription = subscription_create(callback, options);
    struct topic *spare = topic_allocate();
    int result = -ENOMEM;
    if (subscription && spare) {
        mutex_acquire(&mutex_lock);
        result = link_subscription(id, subscription, &spare);
        mutex_release(&mutex_lock);
    }
    if (result)
        heap_free(subscription);
    topic_discard(spare);
    return result;
}

/* Takes the subscription out of everything and frees it, and its topic if nothing needs that. mutex_lock is held. */
static void unlink_subscription(struct subscription *subscription)
{
    struct topic *topic = subscription->topic;
    mailbox_detach(subscription);
    list_remove(&subscription->in_topic);
    list_remove(&subscription->in_process);
    current->subscription_count--;
    topic_table.subscription_count--;
    topic->subscriber_count--;
    topic_tick_subscribers -= topic->id == TOPIC_TICK;
    if (subscription->policy == POLICY_HOLD) {
        topic->hold_count--;
        topic_wake_holders(topic);
    }
    trace(TRACE_UNSUBSCRIBE, 0, topic->id, 0);
    topic_put(topic);
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

int topic_has_room(const struct topic *topic, const struct message *message)
{
    int result = 0;
    list_each(node, &topic->subscribers) {
        struct subscription *subscription = container_of(node, struct subscription, in_topic);
        if (subscription->policy != POLICY_HOLD || mailbox_has_room(subscription, message))
            continue;
        if (subscription->pid == current->pid)
            return -EDEADLK;
        result = -EAGAIN;
    }
    return result;
}

void topic_wake_holders(struct topic *topic)
{
    while (!list_empty(&topic->holders))
        scheduler_wake(container_of(topic->holders.next, struct process, ready_link), WAKE_EVENT, 0);
}

static struct subscription *first_subscription(const struct topic *topic)
{
    if (!topic || list_empty(&topic->subscribers))
        return 0;
    return container_of(topic->subscribers.next, struct subscription, in_topic);
}

/* First space is reserved for everybody, then everybody is served: nothing can fail half-way. */
static void reserve_and_deliver(const struct topic *topic, struct message *message)
{
    list_each(node, &topic->subscribers)
        mailbox_reserve(container_of(node, struct subscription, in_topic), message);
    list_each(node, &topic->subscribers)
        mailbox_deliver(container_of(node, struct subscription, in_topic), message);
}

void topic_serve_with_care(struct topic *topic, struct message *message)
{
    if (message->topic >= TOPIC_PRIVATE) {
        request_deliver(message);
        return;
    }
    if (message->flags & MESSAGE_REQUEST)
        request_address(message, first_subscription(topic));
    if (!topic)
        return;
    topic->published++;
    reserve_and_deliver(topic, message);
    if (message->flags & MESSAGE_RETAIN)
        retain_keep(topic, message);
}

static void describe(const struct topic *topic, struct topic_info *info)
{
    *info = (struct topic_info){
        .id = topic->id,
        .subscribers = topic->subscriber_count,
        .published = topic->published,
        .delivered = topic->delivered,
        .dropped = topic->dropped,
        .retained = topic->retained_count,
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
