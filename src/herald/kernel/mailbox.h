/*
 * Mailboxes: what a process was sent and has not yet taken. Every slot belongs to a subscription, which was given all
 * of them at once. The bytes are charged to the receiver: MAILBOX_BYTES in all, PUBLISHER_BYTES from one publisher.
 */
#ifndef HERALD_MAILBOX_H
#define HERALD_MAILBOX_H

#include "kernel.h"
#include "process.h"
#include "topic.h"
#include "trace.h"

/* What mailbox_take hands over: the message with its reference, and what its subscription says. */
struct taken {
    struct message *message;
    uint64_t callback;
    uint64_t dropped; /* messages of this subscription lost since the one taken before */
};

void mailbox_start(struct mailbox *mailbox);

/* Prepares the slots of a new subscription that nobody knows yet. */
void mailbox_attach(struct subscription *subscription);

/* Bytes from the first in the mailbox of the second; a successor with a publisher's PID inherits its charge. */
extern uint32_t mailbox_charged[MAX_PROCESSES][MAX_PROCESSES];

/* Empties the slots of a subscription of the process on the CPU. mutex_lock is held, as for all below. */
void mailbox_detach(struct subscription *subscription);

/* Is there a slot, and are there bytes, for this message? */
int mailbox_has_room(const struct subscription *subscription, const struct message *message);

/* Makes sure there is a slot for the message, or that the subscription goes without it, as its policy says. */
void mailbox_reserve(struct subscription *subscription, const struct message *message);

/* Puts the message, with a reference of its own, into a free slot of a subscription with or without a callback. */
static inline void mailbox_put(struct subscription *subscription, struct process *process, struct message *message,
                               uint32_t *charged, int callback)
{
    struct delivery *slot = container_of(subscription->free.next, struct delivery, in_subscription);
    uint32_t length = message->length;
    list_move(&subscription->waiting, &slot->in_subscription);
    slot->message = message;
    subscription->queued++;
    subscription->delivered++;
    process->mailbox.bytes += length;
    charged[process->pid] += length;
    if (callback) {
        list_append(&process->mailbox.callbacks, &slot->in_mailbox);
        process->mailbox.callback_count++;
    } else {
        list_append(&process->mailbox.messages, &slot->in_mailbox);
        process->mailbox.message_count++;
    }
}

/*
 * Empties a used slot; its message reference goes to the caller, who afterwards wakes the topic's holders if the policy
 * is POLICY_HOLD.
 */
static inline struct message *mailbox_empty(struct delivery *slot, struct process *process)
{
    struct subscription *subscription = slot->subscription;
    struct message *message = slot->message;
    uint32_t length = message->length;
    slot->message = 0;
    list_unlink(&slot->in_mailbox);
    list_move(&subscription->free, &slot->in_subscription);
    subscription->queued--;
    process->mailbox.bytes -= length;
    mailbox_charged[message->publisher_pid][process->pid] -= length;
    if (subscription->callback)
        process->mailbox.callback_count--;
    else
        process->mailbox.message_count--;
    return message;
}

/* Puts the message into the reserved slot, if there is one, and wakes the receiver. Traces what it does. */
void mailbox_deliver(struct subscription *subscription, struct message *message);

/*
 * Both for all subscriptions of a topic, when nothing is traced: first it is made sure that there is room in every mailbox.
 * Returns 0, and has done nothing, when that is not simple: when every mailbox has less than one publisher may fill, no
 * publisher has more than its share either.
 */
int mailbox_deliver_all(struct topic *topic, struct message *message);

#define TRACE_OF_CALLBACKS \
    (TRACE_BIT(TRACE_SYSCALL_ENTER) | TRACE_BIT(TRACE_SYSCALL_EXIT) | TRACE_BIT(TRACE_CALLBACK_ENTER) | \
     TRACE_BIT(TRACE_CALLBACK_RETURN))

/* What may have to be written down between a message's number and the entry of its callback: one test for all. */
#define TRACE_OF_DELIVERY \
    (TRACE_BIT(TRACE_PUBLISH) | TRACE_BIT(TRACE_QUEUE) | TRACE_BIT(TRACE_DELIVER) | TRACE_BIT(TRACE_WAKE) | \
     TRACE_BIT(TRACE_DROP) | TRACE_OF_CALLBACKS)

/* Gives each subscriber of the message's topic its copy; `topic` is what topic_find says. */
static inline void topic_serve(struct topic *topic, struct message *message, int traced)
{
    int usual = message->flags == 0 && message->topic < TOPIC_PRIVATE && !traced;
    if (usual && (!topic || mailbox_deliver_all(topic, message)))
        return;
    topic_serve_with_care(topic, message);
}

/*
 * Takes the oldest message of `topic` (or TOPIC_ANY) from the messages of the process on the CPU; returns 0 when
 * there is none.
 */
int mailbox_take(uint32_t topic, struct taken *taken);

/* The oldest message that waits for a callback of this process, or 0. */
static inline struct delivery *mailbox_first_callback(const struct process *process)
{
    struct list_node *first = process->mailbox.callbacks.next;
    return first == &process->mailbox.callbacks ? 0 : container_of(first, struct delivery, in_mailbox);
}

/* Takes a message out, under the lock. */
void mailbox_take_slot(struct delivery *slot, struct taken *taken);

#endif
