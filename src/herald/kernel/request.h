/*
 * Requests: a message whose publisher waits for the reply of its server, the first subscriber of the topic when it is
 * served. The reply goes through the notification queue like every message, on the requester's private topic
 * (TOPIC_PRIVATE + PID), which nobody else can publish on.
 */
#ifndef HERALD_REQUEST_H
#define HERALD_REQUEST_H

#include "kernel.h"

#define REQUEST_PENDING 1 /* process.request_result while the reply is awaited */

/* What identifies a request, or 0 when the message is none. */
static inline uint64_t request_token(const struct message *message)
{
    return message->flags & MESSAGE_REQUEST ? message->sequence << 8 | message->publisher_pid : 0;
}

_Static_assert(MAX_PROCESSES <= 256, "a token has 8 bits for the PID");

/*
 * Publishes the message as a request of the process on the CPU and waits for the reply. Returns 0 and the reply with
 * its reference, or an error. Takes over the message's reference.
 */
int request_send(struct message *message, uint64_t timeout_ms, struct message **reply);

/* Publishes the message as the reply to a request. Returns 0, -ESRCH, -EPERM or -EINTR. Takes over its reference. */
int request_reply(uint64_t token, struct message *message);

/* mutex_lock is held for all below. */

/* A request is being served; `server` is the first subscriber's subscription, or 0. */
void request_address(const struct message *request, const struct subscription *server);

/* A reply is being served: it goes to whom it is for. */
void request_deliver(struct message *reply);

/* Process `pid` will never see this message: if it is a request to it, the requester is told. */
void request_lost(const struct message *message, uint32_t pid);

/* The process on the CPU ends: whoever waits for a reply of it is told. */
void request_cancel_all(void);

#endif
