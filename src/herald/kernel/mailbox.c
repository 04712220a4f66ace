#include "mailbox.h"

#include "message.h"
#include "process.h"
#include "request.h"
#include "scheduler.h"
#include "topic.h"
#include "trace.h"

/* Bytes in the mailbox of the first from the second; a successor with a publisher's PID inherits its charge. */
static uint32_t charged[MAX_PROCESSES][MAX_PROCESSES];

void mailbox_start(struct mailbox *mailbox)
{
    list_init(&mailbox->messages);
    list_init(&mailbox->callbacks);
    mailbox->message_count = 0;
    mailbox->callback_count = 0;
    mailbox->bytes = 0;
}

void mailbox_attach(struct subscription *subscription)
{
    struct delivery *slots = (struct delivery *)(subscription + 1);
    list_init(&subscription->in_topic);
    list_init(&subscription->in_process);
    list_init(&subscription->free);
    list_init(&subscription->waiting);
    for (uint32_t i = 0; i < subscription->depth; i++) {
        slots[i] = (struct delivery){.subscription = subscription};
        list_init(&slots[i].in_mailbox);
        list_append(&subscription->free, &slots[i].in_subscription);
    }
}

/* Empties a used slot; its message reference goes to the caller. */
static struct message *empty_slot(struct delivery *slot, struct mailbox *mailbox)
{
    struct subscription *subscription = slot->subscription;
    struct message *message = slot->message;
    slot->message = 0;
    list_remove(&slot->in_mailbox);
    list_move(&subscription->free, &slot->in_subscription);
    subscription->queued--;
    mailbox->bytes -= message->length;
    charged[subscription->pid][message->publisher_pid] -= message->length;
    if (subscription->callback)
        mailbox->callback_count--;
    else
        mailbox->message_count--;
    if (subscription->policy == POLICY_HOLD)
        topic_wake_holders(subscription->topic);
    return message;
}

static struct delivery *oldest(const struct subscription *subscription)
{
    return container_of(subscription->waiting.next, struct delivery, in_subscription);
}

void mailbox_detach(struct subscription *subscription)
{
    while (!list_empty(&subscription->waiting)) {
        struct message *message = empty_slot(oldest(subscription), &current->mailbox);
        request_lost(message, subscription->pid);
        message_release(message);
    }
}

static void count_drop(struct subscription *subscription, const struct message *lost)
{
    subscription->dropped++;
    subscription->dropped_total++;
    subscription->topic->dropped++;
    trace_for(subscription->pid, TRACE_DROP, subscription->policy, lost->topic | subscription->dropped << 32,
              lost->sequence);
    request_lost(lost, subscription->pid);
}

static int is_over_share(const struct subscription *subscription, const struct message *message)
{
    return charged[subscription->pid][message->publisher_pid] + message->length > PUBLISHER_BYTES;
}

/* When the store of kernel messages runs low, nobody may keep more than the usual number of them. */
static int keeps_too_many(const struct subscription *subscription)
{
    return subscription->queued >= MAILBOX_DEPTH && message_kernel_free() < KERNEL_MESSAGES / 4;
}

int mailbox_has_room(const struct subscription *subscription, const struct message *message)
{
    const struct mailbox *mailbox = &process_table[subscription->pid].mailbox;
    return !list_empty(&subscription->free) && mailbox->bytes + message->length <= MAILBOX_BYTES &&
           !is_over_share(subscription, message) && !(message->flags & MESSAGE_KERNEL && keeps_too_many(subscription));
}

/* Whose turn it is to give way to the message, or 0. Who is over its share pushes out its own messages only. */
static struct delivery *first_to_go(const struct subscription *subscription, const struct message *message)
{
    int own_only = is_over_share(subscription, message);
    list_each(node, &subscription->waiting) {
        struct delivery *slot = container_of(node, struct delivery, in_subscription);
        if (!own_only || slot->message->publisher_pid == message->publisher_pid)
            return slot;
    }
    return 0;
}

void mailbox_reserve(struct subscription *subscription, const struct message *message)
{
    subscription->reserved = 1;
    if (mailbox_has_room(subscription, message))
        return;
    struct delivery *slot;
    while (subscription->policy == POLICY_DROP_OLDEST && (slot = first_to_go(subscription, message))) {
        struct message *lost = empty_slot(slot, &process_table[subscription->pid].mailbox);
        count_drop(subscription, lost);
        message_release(lost);
        if (mailbox_has_room(subscription, message))
            return;
    }
    subscription->reserved = 0;
    count_drop(subscription, message);
}

/* Tells the receiver that something is there. */
static void announce(struct process *process, const struct subscription *subscription)
{
    if (subscription->callback) {
        if (process->in_callback)
            return;
        process->return_work |= RETURN_CALLBACK;
        if (process->state != PROCESS_BLOCKED)
            return;
        if (process->wait_reason == WAIT_CALLBACK)
            scheduler_wake(process, WAKE_CALLBACK, 0);
        else if (process->kind == KIND_NATIVE && process->wait_reason != WAIT_REPLY)
            scheduler_wake(process, WAKE_CALLBACK, -EINTR);
    } else if (process->state == PROCESS_BLOCKED && process->wait_reason == WAIT_RECEIVE &&
               (process->wait_object == TOPIC_ANY || process->wait_object == subscription->topic->id)) {
        scheduler_wake(process, WAKE_EVENT, 0);
    }
}

void mailbox_deliver(struct subscription *subscription, struct message *message)
{
    if (!subscription->reserved)
        return;
    subscription->reserved = 0;
    struct process *process = &process_table[subscription->pid];
    struct delivery *slot = container_of(subscription->free.next, struct delivery, in_subscription);
    list_move(&subscription->waiting, &slot->in_subscription);
    slot->message = message;
    message_hold(message);
    subscription->queued++;
    subscription->delivered++;
    subscription->topic->delivered++;
    process->mailbox.bytes += message->length;
    charged[subscription->pid][message->publisher_pid] += message->length;
    if (subscription->callback) {
        list_append(&process->mailbox.callbacks, &slot->in_mailbox);
        process->mailbox.callback_count++;
    } else {
        list_append(&process->mailbox.messages, &slot->in_mailbox);
        process->mailbox.message_count++;
    }
    trace_for(process->pid, TRACE_DELIVER, subscription->callback != 0,
              message->topic | (uint64_t)subscription->queued << 32, message->sequence);
    announce(process, subscription);
}

static void take_slot(struct delivery *slot, struct taken *taken)
{
    struct subscription *subscription = slot->subscription;
    taken->callback = subscription->callback;
    taken->cookie = subscription->cookie;
    taken->dropped = subscription->dropped;
    subscription->dropped = 0;
    taken->message = empty_slot(slot, &current->mailbox);
}

int mailbox_take(uint32_t topic, struct taken *taken)
{
    list_each(node, &current->mailbox.messages) {
        struct delivery *slot = container_of(node, struct delivery, in_mailbox);
        if (topic == TOPIC_ANY || slot->message->topic == topic) {
            take_slot(slot, taken);
            return 1;
        }
    }
    return 0;
}

int mailbox_take_callback(struct taken *taken)
{
    if (list_empty(&current->mailbox.callbacks))
        return 0;
    take_slot(container_of(current->mailbox.callbacks.next, struct delivery, in_mailbox), taken);
    return 1;
}
