#include "notify.h"

#include "mailbox.h"
#include "message.h"
#include "mutex.h"
#include "process.h"
#include "queue.h"
#include "retain.h"
#include "scheduler.h"
#include "topic.h"
#include "trace.h"

#define USER_SHARE (NOTIFY_CAPACITY - NOTIFY_KERNEL_SHARE)

struct notify_queue notify_queue = {.capacity = NOTIFY_CAPACITY};

/* Publishers waiting for room; process.ready_link. Guarded by mutex_lock. */
static struct list_node waiters = {&waiters, &waiters};

static __attribute__((noinline)) void trace_numbered(const struct message *message)
{
    if (trace_enabled(TRACE_PUBLISH))
        trace_write(message->time, TRACE_PUBLISH, 0, message->publisher_pid,
                    message->topic | (uint64_t)message->length << 32, message->sequence);
    trace(TRACE_QUEUE, 0, message->topic | (uint64_t)(notify_queue.count + 1) << 32, message->sequence);
}

/* The message becomes the next in the total order. Interrupts are off, so that no other comes in between. */
static inline void number(struct message *message, int traced)
{
    message->sequence = ++notify_queue.sequence;
    message->time = rdtsc();
    if (traced)
        trace_numbered(message);
}

/* Returns 0, or -EAGAIN when the share of this kind of publisher is used up. Interrupts are off. */
static int enqueue(struct message *message)
{
    int from_kernel = message->flags & MESSAGE_KERNEL;
    uint32_t kernel_count = notify_queue.count - notify_queue.user_count;
    if (from_kernel ? kernel_count == NOTIFY_KERNEL_SHARE : notify_queue.user_count == USER_SHARE)
        return -EAGAIN;
    number(message, trace_any(TRACE_OF_DELIVERY));
    notify_queue.slots[queue_slot(notify_queue.head, notify_queue.count++, NOTIFY_CAPACITY)] = message;
    notify_queue.user_count += !from_kernel;
    work_add(WORK_NOTIFY);
    return 0;
}

/* The next message, with the queue's reference; 0 when the queue is empty. */
static struct message *dequeue(void)
{
    interrupts_off();
    struct message *message = 0;
    if (notify_queue.count > 0) {
        message = notify_queue.slots[notify_queue.head];
        notify_queue.slots[notify_queue.head] = 0;
        notify_queue.head = queue_slot(notify_queue.head, 1, NOTIFY_CAPACITY);
        notify_queue.count--;
        notify_queue.user_count -= !(message->flags & MESSAGE_KERNEL);
    } else {
        kernel_work &= ~(uint32_t)WORK_NOTIFY;
    }
    notify_queue.serving = message;
    interrupts_on();
    return message;
}

void notify_dispatch(void)
{
    struct message *message;
    while ((message = dequeue())) {
        topic_serve(topic_find(message->topic), message, trace_any(TRACE_OF_DELIVERY));
        message_release(message);
        if (!list_empty(&waiters))
            scheduler_wake(container_of(waiters.next, struct process, ready_link), WAKE_EVENT, 0);
    }
}

/* A message that finds the queue empty is served at once: it need not stand in the queue to be the next. */
static inline __attribute__((always_inline)) int serve_next(struct topic *topic, struct message *message, int traced)
{
    interrupts_off();
    if (notify_queue.count > 0) {
        int result = enqueue(message);
        interrupts_on();
        if (result == 0)
            notify_dispatch();
        return result;
    }
    number(message, traced);
    notify_queue.serving = message;
    interrupts_on();
    topic_serve(topic, message, traced);
    notify_queue.serving = 0;
    message_release(message);
    if (kernel_work & WORK_NOTIFY)
        notify_dispatch();
    return 0;
}

int notify_try(struct message *message)
{
    return serve_next(topic_find(message->topic), message, trace_any(TRACE_OF_DELIVERY));
}

int notify_wait_for_room(void)
{
    list_append(&waiters, &current->ready_link);
    return scheduler_block(WAIT_QUEUE, 0, 0);
}

/* One try to publish; when there is no room, *wait_in is where to wait for it. mutex_lock is held. */
static inline int try_with_conditions(struct message *message, struct list_node **wait_in)
{
    struct topic *topic = topic_find(message->topic);
    *wait_in = &waiters;
    if (topic && topic->hold_count) {
        int result = topic_has_room(topic, message);
        if (result) {
            *wait_in = &topic->holders;
            return result;
        }
    }
    if (message->flags & MESSAGE_RETAIN) {
        int result = retain_check(topic, message);
        if (result)
            return result;
    }
    return trace_any(TRACE_OF_DELIVERY) ? notify_try(message) : serve_next(topic, message, 0);
}

/* Waits for what the last try lacked. Returns 0 when it may try again. mutex_lock is held, as for the next. */
static int overcome(int result, struct message *message, uint32_t flags, struct list_node *wait_in)
{
    if (result == -ENOENT) { /* the topic it prepared went while it waited */
        mutex_release(&mutex_lock);
        result = retain_prepare(message->topic);
        mutex_acquire(&mutex_lock);
    }
    if (result == -EAGAIN && !(flags & PUBLISH_NONBLOCK)) {
        list_append(wait_in, &current->ready_link);
        result = scheduler_block(WAIT_QUEUE, message->topic, 0);
    }
    return result;
}

/* What is refused leaves no trace. */
static int refuse(struct message *message, uint32_t flags, int result)
{
    struct topic *prepared = flags & PUBLISH_RETAIN ? topic_find(message->topic) : 0;
    if (prepared)
        topic_put(prepared);
    mutex_release(&mutex_lock);
    message_release(message);
    return result;
}

int notify_publish(struct message *message, uint32_t flags)
{
    int result;
    struct list_node *wait_in;
    if (flags & PUBLISH_RETAIN) {
        message->flags |= MESSAGE_RETAIN;
        result = retain_prepare(message->topic);
        if (result) {
            message_release(message);
            return result;
        }
    }
    mutex_acquire(&mutex_lock);
    struct list_node *last = scheduler.ready.previous;
    while ((result = try_with_conditions(message, &wait_in))) {
        result = overcome(result, message, flags, wait_in);
        if (result)
            return refuse(message, flags, result);
        last = scheduler.ready.previous;
    }
    if ((flags & PUBLISH_HANDOFF) && last->next != &scheduler.ready) /* whom it woke first */
        scheduler_hand_over(container_of(last->next, struct process, ready_link));
    mutex_release(&mutex_lock);
    return 0;
}

void notify_publish_kernel(uint32_t topic, const void *data, uint32_t length, uint32_t flags)
{
    struct message *message = message_allocate_kernel(topic, length);
    int result = -EAGAIN;
    uint64_t saved = interrupts_save();
    if (message) {
        message->flags |= flags;
        memcpy(message_data(message), data, length);
        result = enqueue(message);
    }
    notify_queue.refused += result != 0;
    interrupts_restore(saved);
    if (message && result)
        message_release(message);
}
