#include "debug.h"

#include "frame.h"
#include "heap.h"
#include "message.h"
#include "mutex.h"
#include "process.h"
#include "scheduler.h"
#include "trace.h"

int debug_allowed;

static int64_t set_trace(uint64_t mask)
{
    uint64_t before = trace_ring.ring.mask;
    trace_set_mask(mask);
    return (int64_t)before;
}

static int64_t set_quantum(uint64_t microseconds)
{
    mutex_acquire(&mutex_lock);
    int result = scheduler_set_quantum_short(microseconds);
    mutex_release(&mutex_lock);
    return result;
}

int64_t debug_call(uint64_t operation, uint64_t value)
{
    if (!debug_allowed)
        return -ENOSYS;
    switch (operation) {
    case DEBUG_ALLOCATIONS:
        return (int64_t)current->allocations;
    case DEBUG_FAIL_ALLOCATION:
        current->fail_allocation = value ? current->allocations + value : 0;
        return 0;
    case DEBUG_CHECK_HEAP:
        heap_check();
        frame_check();
        return 0;
    case DEBUG_HEAP_BLOCKS:
        return (int64_t)(heap.used_blocks - message_cached());
    case DEBUG_TRACE:
        return set_trace(value);
    case DEBUG_QUANTUM:
        return set_quantum(value);
    default:
        return -EINVAL;
    }
}
