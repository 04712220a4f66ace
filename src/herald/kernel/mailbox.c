#include "mailbox.h"

#include "message.h"
#include "process.h"
#include "request.h"
#include "scheduler.h"
#include "topic.h"
#include "trace.h"

uint32_t mailbox_charged[MAX_PROCESSES][MAX_PROCESSES];

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

/* Empties a slot, and publishers that are held may try again. */
static struct message *empty_and_wake(struct delivery *slot, struct process *process)
{
    struct subscription *subscription = slot->subscription;
    struct message *message = mailbox_empty(slot, process);
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
        struct message *message = empty_and_wake(oldest(subscription), current);
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
    return mailbox_charged[message->publisher_pid][subscription->pid] + message->length > PUBLISHER_BYTES;
}

/* When the store of kernel messages runs low, nobody may keep more than the usual number of them. */
static int keeps_too_many(const struct subscription *subscription)
{
    return subscription->queued >= MAILBOX_DEPTH && message_kernel_free() < KERNEL_MESSAGES / 4;
}

int mailbox_has_room(const struct subscription *subscription, const struct message *message)
{
    const struct mailbox *mailbox = &subscription->process->mailbox;
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
        struct message *lost = empty_and_wake(slot, subscription->process);
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
    struct process *process = subscription->process;
    message_hold(message);
    subscription->topic->delivered++;
    mailbox_put(subscription, process, message, mailbox_charged[message->publisher_pid], subscription->callback != 0);
    trace_for(process->pid, TRACE_DELIVER, subscription->callback != 0,
              message->topic | (uint64_t)subscription->queued << 32, message->sequence);
    if (subscription->callback && !process->in_callback && trace_any(TRACE_OF_CALLBACKS))
        process->return_work |= RETURN_TRACED;
    announce(process, subscription);
}

static inline int all_have_room(const struct topic *topic, uint64_t length)
{
    list_each(node, &topic->subscribers) {
        const struct subscription *subscription = container_of(node, struct subscription, in_topic);
        if (list_empty(&subscription->free) || subscription->process->mailbox.bytes + length > PUBLISHER_BYTES)
            return 0;
    }
    return 1;
}

/* Puts the message into the mailbox and wakes the process if it waits for just this. Returns 0 when it does not. */
static inline int deliver(struct subscription *subscription, struct process *process, struct message *message,
                          uint32_t *charged, uint64_t now)
{
    if (subscription->callback) {
        mailbox_put(subscription, process, message, charged, 1);
        if (process->wait_reason != WAIT_CALLBACK)
            return 0;
        process->return_work |= RETURN_CALLBACK;
    } else {
        mailbox_put(subscription, process, message, charged, 0);
        if (process->wait_reason != WAIT_RECEIVE ||
            (process->wait_object != message->topic && process->wait_object != TOPIC_ANY))
            return 0;
    }
    scheduler_wake_at(process, now);
    return 1;
}

int mailbox_deliver_all(struct topic *topic, struct message *message)
{
    if (!all_have_room(topic, message->length))
        return 0;
    uint64_t now = rdtsc();
    uint32_t *charged = mailbox_charged[message->publisher_pid];
    message->references += topic->subscriber_count;
    topic->delivered += topic->subscriber_count;
    topic->published++;
    list_each(node, &topic->subscribers) {
        struct subscription *subscription = container_of(node, struct subscription, in_topic);
        struct process *process = subscription->process;
        if (!deliver(subscription, process, message, charged, now))
            announce(process, subscription);
    }
    scheduler_woken();
    return 1;
}

void mailbox_take_slot(struct delivery *slot, struct taken *taken)
{
    struct subscription *subscription = slot->subscription;
    taken->callback = subscription->callback;
    taken->dropped = subscription->dropped;
    subscription->dropped = 0;
    taken->message = empty_and_wake(slot, current);
}

int mailbox_take(uint32_t topic, struct taken *taken)
{
    list_each(node, &current->mailbox.messages) {
        struct delivery *slot = container_of(node, struct delivery, in_mailbox);
        if (topic == TOPIC_ANY || slot->message->topic == topic) {
            mailbox_take_slot(slot, taken);
            return 1;
        }
    }
    return 0;
}
