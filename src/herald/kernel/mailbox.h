/*
 * Mailboxes: what a process was sent and has not yet taken. Every slot belongs to a subscription, which was given all
 * of them at once. The bytes are charged to the receiver: MAILBOX_BYTES in all, PUBLISHER_BYTES from one publisher.
 */
#ifndef HERALD_MAILBOX_H
#define HERALD_MAILBOX_H

#include "kernel.h"

/* What mailbox_take hands over: the message with its reference, and what its subscription says. */
struct taken {
    struct message *message;
    uint64_t callback;
    uint64_t cookie;
    uint64_t dropped; /* messages of this subscription lost since the one taken before */
};

void mailbox_start(struct mailbox *mailbox);

/* Prepares the slots of a new subscription that nobody knows yet. */
void mailbox_attach(struct subscription *subscription);

/* Empties the slots of a subscription of the process on the CPU. mutex_lock is held, as for all below. */
void mailbox_detach(struct subscription *subscription);

/* Is there a slot, and are there bytes, for this message? */
int mailbox_has_room(const struct subscription *subscription, const struct message *message);

/* Makes sure there is a slot for the message, or that the subscription goes without it, as its policy says. */
void mailbox_reserve(struct subscription *subscription, const struct message *message);

/* Puts the message into the reserved slot, if there is one, and wakes the receiver. */
void mailbox_deliver(struct subscription *subscription, struct message *message);

/*
 * Takes the oldest message of `topic` (or TOPIC_ANY) from the messages of the process on the CPU; returns 0 when
 * there is none.
 */
int mailbox_take(uint32_t topic, struct taken *taken);

/* The same for its callbacks. */
int mailbox_take_callback(struct taken *taken);

#endif
