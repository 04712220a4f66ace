/*
 * The notification queue: one bounded FIFO through which every message goes, so that all subscribers see all topics
 * in one order. The kernel takes one notification at a time and gives each subscriber its copy. Before the scheduler
 * runs the queue only collects: it is static memory, so the kernel can publish from its first steps on.
 */
#ifndef HERALD_NOTIFY_H
#define HERALD_NOTIFY_H

#include "kernel.h"

extern struct notify_queue notify_queue;

/*
 * Publishes a message of the process on the CPU; takes over its only reference, also on failure. Returns 0, -EAGAIN
 * (PUBLISH_NONBLOCK and there is no room), -EDEADLK (it would wait for itself), -EINTR (while it waited for room) or,
 * with PUBLISH_RETAIN, -ENOSPC or -ENOMEM.
 */
int notify_publish(struct message *message, uint32_t flags);

/*
 * Publishes for the kernel; never waits, also from interrupt handlers. A message that finds no room is counted as
 * refused. `flags`: MESSAGE_RETAIN or 0.
 */
void notify_publish_kernel(uint32_t topic, const void *data, uint32_t length, uint32_t flags);

/* Serves what is in the queue. mutex_lock is held, interrupts are on; so for the two below. */
void notify_dispatch(void);

/* Lets a message join the queue and serves it. Returns 0, or -EAGAIN when there is no room. */
int notify_try(struct message *message);

/* Waits until there may be room. Returns 0 or -EINTR. */
int notify_wait_for_room(void);

#endif
