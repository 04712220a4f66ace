/* Topics: a hash table from topic number to the linked list of its subscribers, in order of subscription. */
#ifndef HERALD_TOPIC_H
#define HERALD_TOPIC_H

#include "kernel.h"

extern struct topic_table topic_table;

/*
 * Subscribes the process on the CPU. `callback` as in struct subscription. Returns 0, -EALREADY, -EINVAL (depth or
 * policy), -ENOSPC (a table is full) or -ENOMEM.
 */
int topic_subscribe(uint32_t id, uint64_t callback, const struct subscribe_options *options);

/* Ends a subscription of the process on the CPU; nothing of it is delivered after the return. Returns 0 or -ENOENT. */
int topic_unsubscribe(uint32_t id);

/* Ends all subscriptions of the process on the CPU. */
void topic_unsubscribe_all(void);

/* Gives each subscriber of the message's topic its copy. mutex_lock is held. */
void topic_serve(struct message *message);

/* Describes up to `count` topics, in order of their numbers; returns how many. Not under a lock. */
uint32_t topic_list(struct topic_info *list, uint32_t count);

#endif
