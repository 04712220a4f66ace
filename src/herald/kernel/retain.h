/* Retained messages: what a topic keeps for those who subscribe later. */
#ifndef HERALD_RETAIN_H
#define HERALD_RETAIN_H

#include "kernel.h"

/* Sets how many messages a topic keeps; 0 forgets them. Returns 0, -ENOMEM or -ENOSPC (the topic table is full). */
int retain_set_depth(uint32_t id, uint32_t depth);

/* Makes sure the topic exists, so that it can keep a message. Not under a lock. Returns 0, -ENOMEM or -ENOSPC. */
int retain_prepare(uint32_t id);

/* mutex_lock is held for all below. */

/* Is there room for what the process on the CPU wants the topic to keep? Returns 0, -ENOENT (no topic) or -ENOSPC. */
int retain_check(const struct topic *topic, const struct message *message);

/* The topic keeps the message; the oldest gives way when they are too many. */
void retain_keep(struct topic *topic, struct message *message);

/* Does the topic have to stay although nobody subscribes? */
static inline int retain_needs(const struct topic *topic)
{
    return topic->is_static || topic->retained_count || topic->retain_depth;
}

/* Delivers the retained messages to a new subscription: as many of the newest as it has room for, oldest first. */
void retain_replay(const struct topic *topic, struct subscription *subscription);

#endif
