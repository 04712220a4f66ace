/*
 * Message queues: the model publish/subscribe is compared with. A bounded queue under a number; each message goes to
 * one receiver, and a sender waits while there is no room. A queue exists as long as some process has it open.
 */
#ifndef HERALD_MESSAGE_QUEUE_H
#define HERALD_MESSAGE_QUEUE_H

#include "kernel.h"

extern struct message_queue *queue_table[MAX_QUEUES];

/*
 * Both return a handle for the process on the CPU, or -EEXIST, -ENOSPC, -ENOMEM, -EINVAL (depth); -ENOENT for
 * message_queue_open.
 */
int message_queue_create(uint32_t number, uint32_t depth);
int message_queue_open(uint32_t number);

/* Returns 0 or -ENOENT. */
int message_queue_close(uint32_t handle);

/* Closes all queues the process on the CPU has open. */
void message_queue_close_all(void);

/* Takes over the message's reference. Returns 0, -ENOENT, -EAGAIN, -ETIMEDOUT or -EINTR. */
int message_queue_send(uint32_t handle, struct message *message, uint64_t timeout_ms);

/* Takes the oldest message, with its reference. Returns 0, -ENOENT, -EAGAIN, -ETIMEDOUT or -EINTR. */
int message_queue_receive(uint32_t handle, uint64_t timeout_ms, struct message **message);

/* Number of queues. */
uint32_t message_queue_count(void);

#endif
