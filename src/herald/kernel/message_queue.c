#include "message_queue.h"

#include "heap.h"
#include "message.h"
#include "mutex.h"
#include "process.h"
#include "queue.h"
#include "scheduler.h"
#include "users.h"

/* A handle is generation << 8 | index; it is never negative. */
#define INDEX_BITS 8
#define GENERATION_MASK 0x3fffff
_Static_assert(MAX_QUEUES <= 1 << INDEX_BITS, "INDEX_BITS");

struct message_queue *queue_table[MAX_QUEUES];
static uint32_t generations[MAX_QUEUES];
static uint32_t queue_count;

static struct message **slot(struct message_queue *queue, uint32_t offset)
{
    return (struct message **)(queue + 1) + queue_slot(queue->head, offset, queue->depth);
}

static int handle_of(const struct message_queue *queue)
{
    return (int)(queue->generation << INDEX_BITS | queue->index);
}

/* ---- mutex_lock is held ---- */

static struct message_queue *find_number(uint32_t number)
{
    for (unsigned i = 0; i < MAX_QUEUES; i++)
        if (queue_table[i] && queue_table[i]->number == number)
            return queue_table[i];
    return 0;
}

/* The queue, if the process on the CPU has it open. */
static struct message_queue *find(uint32_t handle)
{
    uint32_t index = handle & ((1 << INDEX_BITS) - 1);
    struct message_queue *queue = index < MAX_QUEUES ? queue_table[index] : 0;
    return queue && queue->generation == handle >> INDEX_BITS && users_has(queue->users, current->pid) ? queue : 0;
}

/* The process on the CPU no longer uses it; nobody else does: it goes, with its messages. */
static void leave(struct message_queue *queue)
{
    users_remove(queue->users, current->pid);
    if (!users_empty(queue->users))
        return;
    for (; queue->count > 0; queue->count--) {
        message_release(*slot(queue, 0));
        queue->head = queue_slot(queue->head, 1, queue->depth);
    }
    queue_table[queue->index] = 0;
    queue_count--;
    heap_free(queue);
}

static int place(struct message_queue *queue)
{
    unsigned index = 0;
    while (index < MAX_QUEUES && queue_table[index])
        index++;
    if (index == MAX_QUEUES)
        return -ENOSPC;
    queue->index = index;
    queue->generation = generations[index] = (generations[index] + 1) & GENERATION_MASK;
    users_add(queue->users, current->pid);
    queue_table[index] = queue;
    queue_count++;
    return handle_of(queue);
}

static void wake_first(struct list_node *waiters)
{
    if (!list_empty(waiters))
        scheduler_wake(container_of(waiters->next, struct process, ready_link), WAKE_EVENT, 0);
}

static int has_room(const struct message_queue *queue, const struct message *message)
{
    return queue->count < queue->depth && queue->bytes + message->length <= QUEUE_BYTES;
}

/* Waits among the senders or the receivers of a queue. */
static int wait_among(struct list_node *waiters, uint32_t handle, uint64_t timeout_ms, uint64_t deadline)
{
    if (timeout_ms == 0)
        return -EAGAIN;
    list_append(waiters, &current->ready_link);
    return scheduler_block(WAIT_MESSAGE_QUEUE, handle, deadline);
}

/* ---- the calls ---- */

int message_queue_create(uint32_t number, uint32_t depth)
{
    if (depth < 1 || depth > QUEUE_DEPTH_MAX)
        return -EINVAL;
    struct message_queue *queue = heap_allocate(sizeof *queue + depth * sizeof(struct message *));
    if (!queue)
        return -ENOMEM;
    *queue = (struct message_queue){.number = number, .depth = depth};
    list_init(&queue->senders);
    list_init(&queue->receivers);
    mutex_acquire(&mutex_lock);
    int result = find_number(number) ? -EEXIST : place(queue);
    mutex_release(&mutex_lock);
    if (result < 0)
        heap_free(queue);
    return result;
}

int message_queue_open(uint32_t number)
{
    mutex_acquire(&mutex_lock);
    struct message_queue *queue = find_number(number);
    int result = queue ? handle_of(queue) : -ENOENT;
    if (queue)
        users_add(queue->users, current->pid);
    mutex_release(&mutex_lock);
    return result;
}

int message_queue_close(uint32_t handle)
{
    mutex_acquire(&mutex_lock);
    struct message_queue *queue = find(handle);
    if (queue)
        leave(queue);
    mutex_release(&mutex_lock);
    return queue ? 0 : -ENOENT;
}

void message_queue_close_all(void)
{
    for (unsigned i = 0; i < MAX_QUEUES; i++) {
        mutex_acquire(&mutex_lock);
        if (queue_table[i] && users_has(queue_table[i]->users, current->pid))
            leave(queue_table[i]);
        mutex_release(&mutex_lock);
    }
}

int message_queue_send(uint32_t handle, struct message *message, uint64_t timeout_ms)
{
    int result = 0;
    mutex_acquire(&mutex_lock);
    uint64_t deadline = scheduler_deadline(timeout_ms);
    while (result == 0) {
        struct message_queue *queue = find(handle);
        if (!queue) {
            result = -ENOENT;
        } else if (has_room(queue, message)) {
            *slot(queue, queue->count++) = message;
            queue->bytes += message->length;
            queue->sent++;
            wake_first(&queue->receivers);
            break;
        } else {
            result = wait_among(&queue->senders, handle, timeout_ms, deadline);
        }
    }
    mutex_release(&mutex_lock);
    if (result)
        message_release(message);
    return result;
}

int message_queue_receive(uint32_t handle, uint64_t timeout_ms, struct message **message)
{
    int result = 0;
    mutex_acquire(&mutex_lock);
    uint64_t deadline = scheduler_deadline(timeout_ms);
    while (result == 0) {
        struct message_queue *queue = find(handle);
        if (!queue) {
            result = -ENOENT;
        } else if (queue->count > 0) {
            *message = *slot(queue, 0);
            queue->head = queue_slot(queue->head, 1, queue->depth);
            queue->count--;
            queue->bytes -= (*message)->length;
            wake_first(&queue->senders);
            break;
        } else {
            result = wait_among(&queue->receivers, handle, timeout_ms, deadline);
        }
    }
    mutex_release(&mutex_lock);
    return result;
}

uint32_t message_queue_count(void)
{
    return queue_count;
}
