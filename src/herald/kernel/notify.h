/*
 * The notification queue: one bounded FIFO through which every message goes, so that all subscribers see all topics
 * in one order. The kernel takes one notification at a time and gives each subscriber its copy.
 */
#ifndef HERALD_NOTIFY_H
#define HERALD_NOTIFY_H

#include "kernel.h"

extern struct notify_queue notify_queue;

void notify_start(void);

/*
 * Publishes a message of the process on the CPU; takes over its only reference, also on failure. Returns 0, -EAGAIN
 * (PUBLISH_NONBLOCK and the queue is full) or -EINTR (while it waited for room).
 */
int notify_publish(struct message *message, uint32_t flags);

/*
 * Publishes for the kernel; never waits, also from interrupt handlers. A message that finds no room is counted as
 * refused.
 */
void notify_publish_kernel(uint32_t topic, const void *data, uint32_t length);

/* Serves what is in the queue. mutex_lock is held, interrupts are on. */
void notify_dispatch(void);

#endif
