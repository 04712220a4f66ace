/* Topics: a hash table from topic number to the linked list of its subscribers, in order of subscription. */
#ifndef HERALD_TOPIC_H
#define HERALD_TOPIC_H

#include "hash.h"
#include "kernel.h"

extern struct topic_table topic_table;

/* Subscribers of TOPIC_TICK: the timer interrupt publishes only when there are some. */
extern uint32_t topic_tick_subscribers;

/* Makes the kernel's topics that retain messages. */
void topic_start(void);

/*
 * Subscribes the process on the CPU. `callback` as in struct subscription. Returns 0, -EALREADY, -EINVAL (depth,
 * policy or flags), -ENOSPC (a table is full) or -ENOMEM.
 */
int topic_subscribe(uint32_t id, uint64_t callback, const struct subscribe_options *options);

/* Ends a subscription of the process on the CPU; nothing of it is delivered after the return. Returns 0 or -ENOENT. */
int topic_unsubscribe(uint32_t id);

/* Ends all subscriptions of the process on the CPU. */
void topic_unsubscribe_all(void);

#define TOPIC_BUCKET_BITS 6
_Static_assert(1 << TOPIC_BUCKET_BITS == TOPIC_BUCKETS, "TOPIC_BUCKETS");

/* The topic, or 0. mutex_lock is held, as for the next five. */
static inline struct topic *topic_find(uint32_t id)
{
    struct topic *topic = topic_table.buckets[hash_bucket(id, TOPIC_BUCKET_BITS)];
    while (topic && topic->id != id)
        topic = topic->next;
    return topic;
}

/* The topic; `*spare` (from topic_allocate) becomes it, and 0, if there is none yet. 0 when the table is full. */
struct topic *topic_get(uint32_t id, struct topic **spare);

/* Frees the topic if nothing needs it any more. */
void topic_put(struct topic *topic);

/*
 * Has everybody room who holds the publisher? Returns 0, -EAGAIN, or -EDEADLK when the process on the CPU would wait for
 * itself.
 */
int topic_has_room(const struct topic *topic, const struct message *message);

/* Wakes the publishers that wait for room in a subscription of this topic. */
void topic_wake_holders(struct topic *topic);

/*
 * Gives each subscriber of the message's topic its copy; `topic` is what topic_find says. Also private topics, requests,
 * retained messages, mailboxes that are full; everything is traced. topic_serve (mailbox.h) is the short way.
 */
void topic_serve_with_care(struct topic *topic, struct message *message);

/* Memory for a topic, not under a lock; 0 when out of memory. And back; 0 is allowed. */
struct topic *topic_allocate(void);
void topic_discard(struct topic *spare);

/* Describes up to `count` topics, in order of their numbers; returns how many. Not under a lock. */
uint32_t topic_list(struct topic_info *list, uint32_t count);

#endif
