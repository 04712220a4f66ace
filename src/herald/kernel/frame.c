#include "frame.h"

#include "mutex.h"
#include "notify.h"
#include "process.h"

struct frame_allocator frame_allocator;
static struct mutex frame_mutex;

#define E820_USABLE 1

static phys_t end_of_memory(const struct boot_info *boot)
{
    phys_t end = 0;
    for (uint32_t i = 0; i < boot->e820_count; i++) {
        const struct e820_entry *range = &boot->e820[i];
        if (range->type == E820_USABLE && range->base + range->length > end)
            end = range->base + range->length;
    }
    /* The first page tables reach 1 GiB; more memory than that is left alone. */
    return end < UINT64_C(0x40000000) ? end : UINT64_C(0x40000000);
}

static int is_usable(const struct boot_info *boot, phys_t frame)
{
    int usable = 0;
    for (uint32_t i = 0; i < boot->e820_count; i++) {
        const struct e820_entry *range = &boot->e820[i];
        if (frame + PAGE_SIZE <= range->base || frame >= range->base + range->length)
            continue;
        if (range->type != E820_USABLE)
            return 0; /* where ranges overlap, the cautious one counts */
        if (frame >= range->base && frame + PAGE_SIZE <= range->base + range->length)
            usable = 1;
    }
    return usable;
}

void frame_start(const struct boot_info *boot, phys_t kernel_end)
{
    uint64_t count = end_of_memory(boot) / PAGE_SIZE;
    uint64_t table_size = (count * sizeof(struct frame_entry) + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    uint64_t first_free = (kernel_end + table_size) / PAGE_SIZE;

    struct frame_entry *frames = frame_pointer(kernel_end); /* the table lies directly behind the kernel */
    frame_allocator.frames = frames;
    frame_allocator.frame_count = count;
    frame_allocator.free_head = FRAME_NONE;

    for (uint64_t i = count; i-- > 0;) { /* downwards, so that the free list goes upwards */
        frames[i] = (struct frame_entry){.next = FRAME_NONE, .use = FRAME_RESERVED};
        if (i < KERNEL_PHYSICAL_BASE / PAGE_SIZE || !is_usable(boot, i * PAGE_SIZE))
            continue;
        frame_allocator.memory_frames++;
        if (i < first_free) {
            frames[i].use = FRAME_KERNEL;
            continue;
        }
        frames[i].use = FRAME_FREE;
        frames[i].next = frame_allocator.free_head;
        frame_allocator.free_head = (uint32_t)i;
        frame_allocator.free_count++;
    }
    if (first_free >= count || frame_allocator.free_count == 0)
        panic("no memory above the kernel");
}

/* Says when free memory falls below a sixteenth, once until it is above an eighth again. */
static void watch_memory(void)
{
    static int low;
    uint64_t free = frame_allocator.free_count, all = frame_allocator.memory_frames;
    if (!low && free < all / 16) {
        struct memory_event event = {.free_frames = free, .memory_frames = all};
        low = 1;
        notify_publish_kernel(TOPIC_MEMORY_LOW, &event, sizeof event, MESSAGE_RETAIN);
    } else if (low && free > all / 8) {
        low = 0;
    }
}

phys_t frame_allocate(enum frame_use use, uint32_t owner)
{
    if (process_allocation_fails())
        return 0;
    mutex_acquire(&frame_mutex);
    uint32_t index = frame_allocator.free_head;
    if (index != FRAME_NONE) {
        struct frame_entry *entry = &frame_allocator.frames[index];
        frame_allocator.free_head = entry->next;
        frame_allocator.free_count--;
        *entry = (struct frame_entry){.next = FRAME_NONE, .owner = (uint16_t)owner, .use = (uint8_t)use};
    }
    watch_memory();
    mutex_release(&frame_mutex);
    if (index == FRAME_NONE)
        return 0;
    phys_t address = (phys_t)index * PAGE_SIZE;
    memset(frame_pointer(address), 0, PAGE_SIZE);
    return address;
}

void frame_free(phys_t address)
{
    uint64_t index = address / PAGE_SIZE;
    if (address % PAGE_SIZE || index >= frame_allocator.frame_count)
        panic("frame_free: %lx is not a frame", address);
    mutex_acquire(&frame_mutex);
    struct frame_entry *entry = &frame_allocator.frames[index];
    if (entry->use <= FRAME_KERNEL)
        panic("frame_free: %lx was not given out", address);
    *entry = (struct frame_entry){.next = frame_allocator.free_head, .use = FRAME_FREE};
    frame_allocator.free_head = (uint32_t)index;
    frame_allocator.free_count++;
    watch_memory();
    mutex_release(&frame_mutex);
}

void frame_check(void)
{
    mutex_acquire(&frame_mutex);
    uint64_t free = 0, listed = 0;
    for (uint64_t i = 0; i < frame_allocator.frame_count; i++)
        free += frame_allocator.frames[i].use == FRAME_FREE;
    for (uint32_t i = frame_allocator.free_head; i != FRAME_NONE; i = frame_allocator.frames[i].next)
        if (frame_allocator.frames[i].use != FRAME_FREE || ++listed > free)
            panic("frame_check: frame %u in the free list is not free", i);
    if (free != frame_allocator.free_count || listed != free)
        panic("frame_check: %lu frames are free, %lu are counted, %lu are in the list", free,
              frame_allocator.free_count, listed);
    mutex_release(&frame_mutex);
}
