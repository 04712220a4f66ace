#include "segment.h"

#include "frame.h"
#include "heap.h"
#include "mutex.h"
#include "process.h"
#include "scheduler.h"
#include "users.h"
#include "vm.h"

struct segment *segment_table[MAX_SEGMENTS];
static uint32_t count_of_segments;

static phys_t *frames_of(struct segment *segment)
{
    return (phys_t *)(segment + 1);
}

static uint64_t address_of(const struct segment *segment)
{
    return SEGMENT_BASE + (uint64_t)segment->index * SEGMENT_MAX;
}

/* Frees a segment that is in no table. Not under a lock. */
static void destroy(struct segment *segment)
{
    if (!segment)
        return;
    for (uint32_t i = 0; i < segment->pages; i++)
        frame_free(frames_of(segment)[i]);
    heap_free(segment);
}

static struct segment *create(uint32_t number, uint32_t pages)
{
    struct segment *segment = heap_allocate(sizeof *segment + pages * sizeof(phys_t));
    if (!segment)
        return 0;
    *segment = (struct segment){.number = number};
    list_init(&segment->waiters);
    for (; segment->pages < pages; segment->pages++) {
        phys_t frame = frame_allocate(FRAME_SEGMENT, 0);
        if (!frame) {
            destroy(segment);
            return 0;
        }
        frames_of(segment)[segment->pages] = frame;
    }
    return segment;
}

/* ---- mutex_lock is held ---- */

static struct segment *find(uint32_t number)
{
    for (unsigned i = 0; i < MAX_SEGMENTS; i++)
        if (segment_table[i] && segment_table[i]->number == number)
            return segment_table[i];
    return 0;
}

/* The attached segment an address lies in, or 0. */
static struct segment *find_address(uint64_t address)
{
    uint64_t index = (address - SEGMENT_BASE) / SEGMENT_MAX;
    if (address < SEGMENT_BASE || index >= MAX_SEGMENTS || !segment_table[index])
        return 0;
    struct segment *segment = segment_table[index];
    return users_has(segment->users, current->pid) && (address - SEGMENT_BASE) % SEGMENT_MAX < segment->pages * PAGE_SIZE
               ? segment
               : 0;
}

/* Puts a new segment into the table. */
static int place(struct segment *segment)
{
    for (unsigned i = 0; i < MAX_SEGMENTS; i++) {
        if (segment_table[i])
            continue;
        segment->index = i;
        segment_table[i] = segment;
        count_of_segments++;
        return 0;
    }
    return -ENOSPC;
}

static void join(struct segment *segment)
{
    users_add(segment->users, current->pid);
    segment->user_count++;
}

/* One user less; the last one takes it out of the table. Returns what is then to be destroyed, or 0. */
static struct segment *leave(struct segment *segment)
{
    users_remove(segment->users, current->pid);
    if (--segment->user_count > 0)
        return 0;
    segment_table[segment->index] = 0;
    count_of_segments--;
    return segment;
}

/* ---- the calls ---- */

static void unmap(const struct segment *segment, uint32_t pages)
{
    for (uint32_t i = 0; i < pages; i++)
        vm_unmap(current->page_root, address_of(segment) + (uint64_t)i * PAGE_SIZE);
}

/* Maps a segment the process already counts as a user of, so that it cannot go meanwhile. */
static int map(struct segment *segment)
{
    for (uint32_t i = 0; i < segment->pages; i++) {
        uint64_t page = address_of(segment) + (uint64_t)i * PAGE_SIZE;
        int result = vm_map(current->page_root, page, frames_of(segment)[i], VM_USER | VM_WRITE, current->pid);
        if (result == 0)
            continue;
        unmap(segment, i);
        return result;
    }
    return 0;
}

static void leave_and_destroy(struct segment *segment)
{
    mutex_acquire(&mutex_lock);
    struct segment *last = leave(segment);
    mutex_release(&mutex_lock);
    destroy(last);
}

int64_t segment_attach(uint32_t number, uint64_t bytes)
{
    if (bytes > SEGMENT_MAX)
        return -EINVAL;
    uint32_t pages = (uint32_t)((bytes + PAGE_SIZE - 1) / PAGE_SIZE);
    struct segment *spare = 0;
    int64_t result = 0;

    mutex_acquire(&mutex_lock);
    int exists = find(number) != 0;
    mutex_release(&mutex_lock);
    if (!exists && pages && !(spare = create(number, pages)))
        return -ENOMEM;

    mutex_acquire(&mutex_lock);
    struct segment *segment = find(number);
    if (!segment && spare && (result = place(spare)) == 0) {
        segment = spare;
        spare = 0;
    }
    if (!segment)
        result = result ? result : -ENOENT;
    else if (users_has(segment->users, current->pid))
        result = -EALREADY;
    else if (pages > segment->pages)
        result = -EINVAL;
    else
        join(segment);
    mutex_release(&mutex_lock);
    destroy(spare);
    if (result)
        return result;

    result = map(segment);
    if (result) {
        leave_and_destroy(segment);
        return result;
    }
    return (int64_t)address_of(segment);
}

int segment_detach(uint32_t number)
{
    mutex_acquire(&mutex_lock);
    struct segment *segment = find(number);
    int found = segment && users_has(segment->users, current->pid);
    mutex_release(&mutex_lock); /* it stays: the process counts as a user of it */
    if (!found)
        return -ENOENT;
    unmap(segment, segment->pages);
    leave_and_destroy(segment);
    return 0;
}

void segment_detach_all(void)
{
    for (unsigned i = 0; i < MAX_SEGMENTS; i++) {
        mutex_acquire(&mutex_lock);
        struct segment *segment = segment_table[i];
        int found = segment && users_has(segment->users, current->pid);
        mutex_release(&mutex_lock);
        if (found) {
            unmap(segment, segment->pages);
            leave_and_destroy(segment);
        }
    }
}

/* The word is read through the direct map: no page fault can come while the lock is held. */
static uint32_t read_word(struct segment *segment, uint64_t address)
{
    uint64_t offset = address - address_of(segment);
    const char *page = frame_pointer(frames_of(segment)[offset / PAGE_SIZE]);
    return *(const volatile uint32_t *)(page + offset % PAGE_SIZE);
}

int segment_wait(uint64_t address, uint32_t expected, uint64_t timeout_ms)
{
    int result = 0;
    if (address % sizeof(uint32_t))
        return -EINVAL;
    mutex_acquire(&mutex_lock);
    struct segment *segment = find_address(address);
    if (!segment) {
        result = -EFAULT;
    } else if (read_word(segment, address) != expected || timeout_ms == 0) {
        result = -EAGAIN;
    } else {
        list_append(&segment->waiters, &current->ready_link);
        result = scheduler_block(WAIT_SEGMENT, address, scheduler_deadline(timeout_ms));
    }
    mutex_release(&mutex_lock);
    return result;
}

int segment_wake(uint64_t address, uint32_t count)
{
    int woken = 0;
    if (address % sizeof(uint32_t))
        return -EINVAL;
    mutex_acquire(&mutex_lock);
    struct segment *segment = find_address(address);
    if (segment) {
        list_each_safe(node, &segment->waiters) {
            struct process *process = container_of(node, struct process, ready_link);
            if ((uint32_t)woken < count && process->wait_object == address) {
                scheduler_wake(process, WAKE_EVENT, 0);
                woken++;
            }
        }
    }
    mutex_release(&mutex_lock);
    return segment ? woken : -EFAULT;
}

uint32_t segment_count(void)
{
    return count_of_segments;
}
