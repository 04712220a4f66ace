/*
 * Publish and subscribe through a broker process instead of the kernel: D-Bus's place, over message queues. The
 * interface is that of herald.h; the program `broker` must run. Messages have at most BROKER_MESSAGE_MAX bytes.
 */
#ifndef HERALD_BROKER_H
#define HERALD_BROKER_H

#include "herald.h"

#define BROKER_QUEUE UINT32_C(0xb0000000)  /* number of the broker's queue; a client's is this + its PID */
#define BROKER_DEPTH 16                    /* messages in each queue */

enum broker_operation { BROKER_PUBLISH, BROKER_SUBSCRIBE, BROKER_UNSUBSCRIBE };

/* In front of every message, in both directions: the broker passes on what it got, without touching it. */
struct broker_header {
    uint32_t operation;
    uint32_t topic;
    uint32_t queue; /* subscribe, unsubscribe: number of the client's queue */
    uint32_t unused;
};

#define BROKER_MESSAGE_MAX (MESSAGE_MAX - sizeof(struct broker_header))

/* Where the next message may be written, so that broker_publish need not copy it. */
void *broker_buffer(void);

/* Publishes `length` bytes; no copy when `data` is broker_buffer(). The errors of queue_send; ENOENT no broker. */
int broker_publish(uint32_t topic, const void *data, size_t length);

/* The errors of queue_create and queue_send; the broker ignores a second subscription to the same topic. */
int broker_subscribe(uint32_t topic);
int broker_unsubscribe(uint32_t topic);

/* The next message, in place; valid until the next call. Returns its length, or an error of queue_receive. */
int broker_receive(uint32_t *topic, const void **data, uint64_t timeout_ms);

#endif
