#include "heap.h"

#include "frame.h"
#include "mutex.h"
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
    size_t whole = size + sizeof(struct heap_block);
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

void *heap_allocate(size_t size)
{
    if (size > HEAP_LARGEST)
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
    block->state = HEAP_FREE;
    *next_of(block) = heap.free[block->size_class];
    heap.free[block->size_class] = block;
    heap.used_bytes -= UINT64_C(32) << block->size_class;
    heap.used_blocks--;
    mutex_release(&heap_mutex);
}
