#include "heap.h"

#include "frame.h"
#include "mutex.h"
#include "process.h"
#include "vm.h"

struct heap heap;
static struct mutex heap_mutex;

void heap_start(void)
{
    heap.end = HEAP_BASE;
    heap.mapped = HEAP_BASE;
}

static struct heap_block **next_of(struct heap_block *block)
{
    return (struct heap_block **)(block + 1);
}

static unsigned class_for(size_t size)
{
    size_t whole = size + sizeof(struct heap_block) + sizeof(uint64_t);
    return whole <= 32 ? 0 : 64 - (unsigned)__builtin_clzl(whole - 1) - 5;
}

/* Makes the heap longer by one block. heap_mutex is held. */
static struct heap_block *extend(unsigned size_class)
{
    uint64_t start = heap.end;
    uint64_t end = start + (UINT64_C(32) << size_class);
    if (end > HEAP_BASE + HEAP_LIMIT)
        return 0;
    while (heap.mapped < end) {
        phys_t frame = frame_allocate(FRAME_HEAP, 0);
        if (!frame)
            return 0;
        if (vm_map(kernel_page_root, heap.mapped, frame, VM_WRITE, 0)) {
            frame_free(frame);
            return 0;
        }
        heap.mapped += PAGE_SIZE;
    }
    struct heap_block *block = (struct heap_block *)start;
    *block = (struct heap_block){.magic = HEAP_MAGIC, .size_class = (uint8_t)size_class};
    heap.end = end;
    return block;
}

/* The guard of a block; not aligned. */
static void *guard_of(struct heap_block *block)
{
    return (char *)(block + 1) + block->size;
}

static int guard_is_sound(struct heap_block *block)
{
    uint64_t guard;
    __builtin_memcpy(&guard, guard_of(block), sizeof guard);
    return guard == HEAP_GUARD;
}

void *heap_allocate(size_t size)
{
    if (size > HEAP_LARGEST || process_allocation_fails())
        return 0;
    unsigned size_class = class_for(size);
    mutex_acquire(&heap_mutex);
    struct heap_block *block = heap.free[size_class];
    if (block)
        heap.free[size_class] = *next_of(block);
    else
        block = extend(size_class);
    if (block) {
        block->state = HEAP_USED;
        block->owner = (uint16_t)current_pid;
        block->size = (uint32_t)size;
        uint64_t guard = HEAP_GUARD;
        __builtin_memcpy(guard_of(block), &guard, sizeof guard);
        heap.used_bytes += UINT64_C(32) << size_class;
        heap.used_blocks++;
        heap.allocations++;
    }
    mutex_release(&heap_mutex);
    return block ? block + 1 : 0;
}

void heap_free(void *pointer)
{
    if (!pointer)
        return;
    struct heap_block *block = (struct heap_block *)pointer - 1;
    mutex_acquire(&heap_mutex);
    if (block->magic != HEAP_MAGIC || block->state != HEAP_USED)
        panic("heap_free: %lx is not a block in use", (uint64_t)pointer);
    if (!guard_is_sound(block))
        panic("heap_free: process %u wrote behind the %u bytes at %lx", block->owner, block->size, (uint64_t)pointer);
    block->state = HEAP_FREE;
    *next_of(block) = heap.free[block->size_class];
    heap.free[block->size_class] = block;
    heap.used_bytes -= UINT64_C(32) << block->size_class;
    heap.used_blocks--;
    mutex_release(&heap_mutex);
}

static uint64_t check_blocks(void)
{
    uint64_t used = 0;
    for (uint64_t at = HEAP_BASE; at < heap.end;) {
        struct heap_block *block = (struct heap_block *)at;
        if (block->magic != HEAP_MAGIC || block->size_class >= HEAP_CLASSES || block->state > HEAP_USED)
            panic("heap_check: no block at %lx", at);
        if (block->state == HEAP_USED && !guard_is_sound(block))
            panic("heap_check: process %u wrote behind the %u bytes at %lx", block->owner, block->size, at);
        used += block->state == HEAP_USED;
        at += UINT64_C(32) << block->size_class;
    }
    return used;
}

void heap_check(void)
{
    mutex_acquire(&heap_mutex);
    if (check_blocks() != heap.used_blocks)
        panic("heap_check: %lu blocks are counted as used", heap.used_blocks);
    for (unsigned class = 0; class < HEAP_CLASSES; class++)
        for (struct heap_block *block = heap.free[class]; block; block = *next_of(block))
            if (block->magic != HEAP_MAGIC || block->state != HEAP_FREE || block->size_class != class)
                panic("heap_check: a block in the free list of class %u does not belong there", class);
    mutex_release(&heap_mutex);
}
