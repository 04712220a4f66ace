#include "notify.h"

#include "message.h"
#include "mutex.h"
#include "process.h"
#include "queue.h"
#include "scheduler.h"
#include "topic.h"
#include "trace.h"

struct notify_queue notify_queue;

/* Publishers waiting for room; process.ready_link. Guarded by mutex_lock. */
static struct list_node waiters;

void notify_start(void)
{
    notify_queue.capacity = NOTIFY_CAPACITY;
    list_init(&waiters);
}

/* Returns 0, or -EAGAIN when the share of this kind of publisher is used up. */
static int enqueue(struct message *message)
{
    int from_kernel = message->flags & MESSAGE_KERNEL;
    uint64_t saved = interrupts_save();
    int full = notify_queue.count == NOTIFY_CAPACITY ||
               (!from_kernel && notify_queue.user_count == NOTIFY_CAPACITY - NOTIFY_KERNEL_SHARE);
    if (!full) {
        message->sequence = ++notify_queue.sequence;
        message->time = rdtsc();
        notify_queue.slots[queue_slot(notify_queue.head, notify_queue.count++, NOTIFY_CAPACITY)] = message;
        notify_queue.user_count += !from_kernel;
        work_add(WORK_NOTIFY);
        trace_for(message->publisher_pid, TRACE_PUBLISH, 0, message->topic | (uint64_t)message->length << 32,
                  message->sequence);
        trace(TRACE_QUEUE, 0, message->topic | (uint64_t)notify_queue.count << 32, message->sequence);
    }
    interrupts_restore(saved);
    return full ? -EAGAIN : 0;
}

/* The next message, with the queue's reference; 0 when the queue is empty. */
static struct message *dequeue(void)
{
    uint64_t saved = interrupts_save();
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
    interrupts_restore(saved);
    return message;
}

void notify_dispatch(void)
{
    struct message *message;
    while ((message = dequeue())) {
        topic_serve(message);
        message_release(message);
        if (!list_empty(&waiters))
            scheduler_wake(container_of(waiters.next, struct process, ready_link), WAKE_EVENT, 0);
    }
}

int notify_publish(struct message *message, uint32_t flags)
{
    int result;
    mutex_acquire(&mutex_lock);
    while ((result = enqueue(message))) {
        if (flags & PUBLISH_NONBLOCK)
            break;
        list_append(&waiters, &current->ready_link);
        result = scheduler_block(WAIT_QUEUE, message->topic, 0);
        if (result)
            break;
    }
    if (result == 0)
        notify_dispatch();
    else
        message_release(message);
    mutex_release(&mutex_lock);
    return result;
}

void notify_publish_kernel(uint32_t topic, const void *data, uint32_t length)
{
    struct message *message = message_allocate_kernel(topic, length);
    if (message) {
        memcpy(message_data(message), data, length);
        if (enqueue(message) == 0)
            return;
        message_release(message);
    }
    notify_queue.refused++;
}
