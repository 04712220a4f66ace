#include "trace.h"

#include "mutex.h"
#include "notify.h"
#include "syscall.h"

struct trace_memory trace_ring __attribute__((aligned(64)));

static const char *const kind_names[] = TRACE_KIND_NAMES;

_Static_assert(sizeof kind_names / sizeof kind_names[0] == TRACE_KINDS, "TRACE_KINDS");

#define ALL_KINDS ((UINT64_C(1) << TRACE_KINDS) - 1)

void trace_set_mask(uint64_t mask)
{
    trace_ring.ring.mask = mask & ALL_KINDS;
    syscall_trace(trace_any(TRACE_BIT(TRACE_SYSCALL_ENTER) | TRACE_BIT(TRACE_SYSCALL_EXIT)));
}

void trace_start(const struct boot_info *boot)
{
    trace_ring.ring = (struct trace_ring){
        .magic = 0x43525448,
        .capacity = TRACE_CAPACITY,
        .record_size = sizeof(struct trace_record),
        .version = LAYOUT_VERSION,
    };
    trace_set_mask(ALL_KINDS);
    outl(TRACE_ADDRESS_PORT, (uint32_t)((uint64_t)&trace_ring - KERNEL_VIRTUAL_BASE));
    for (uint16_t stage = 0; stage < BOOT_STAGES; stage++)
        trace_write(boot->stage_time[stage], TRACE_BOOT_STAGE, 0, 0, stage, 0);
}

static void ring_doorbell(void)
{
    trace_ring.ring.doorbell_head = trace_ring.ring.head;
    outl(TRACE_DOORBELL_PORT, (uint32_t)trace_ring.ring.head);
}

void trace_write(uint64_t time, uint16_t kind, uint16_t flags, uint32_t pid, uint64_t a, uint64_t b)
{
    struct trace_record *record = &trace_ring.records[trace_ring.ring.head & (TRACE_CAPACITY - 1)];
    record->time = time;
    record->kind = kind;
    record->flags = flags;
    record->pid = pid;
    record->a = a;
    record->b = b;
    __asm__ volatile("" ::: "memory"); /* the record is whole before head says so: the machine may look at any instruction */
    trace_ring.ring.head++;
    if (trace_ring.ring.head - trace_ring.ring.doorbell_head >= TRACE_CAPACITY / 2)
        ring_doorbell();
}

void trace_now(uint16_t kind, uint16_t flags, uint32_t pid, uint64_t a, uint64_t b)
{
    uint64_t saved = interrupts_save();
    trace_write(rdtsc(), kind, flags, pid, a, b);
    interrupts_restore(saved);
}

void trace_tick(void)
{
    if (trace_ring.ring.head != trace_ring.ring.doorbell_head)
        ring_doorbell();
}

/* The kind named by the first `length` characters of `name`, or -1. */
static int find_kind(const char *name, size_t length)
{
    for (size_t kind = 0; kind < TRACE_KINDS; kind++)
        if (strlen(kind_names[kind]) == length && memcmp(kind_names[kind], name, length) == 0)
            return (int)kind;
    return -1;
}

int trace_select(const char *list)
{
    uint64_t mask = 0;
    if (strcmp(list, "all") == 0) {
        mask = ALL_KINDS;
    } else if (strcmp(list, "none") != 0) {
        for (;;) {
            size_t length = 0;
            while (list[length] && list[length] != ',')
                length++;
            int kind = find_kind(list, length);
            if (kind < 0)
                return -EINVAL;
            mask |= UINT64_C(1) << kind;
            if (!list[length])
                break;
            list += length + 1;
        }
    }
    trace_set_mask(mask);
    return 0;
}

static void publish_stage(uint32_t stage, uint64_t time)
{
    struct boot_event event = {.stage = stage, .time = time};
    notify_publish_kernel(TOPIC_BOOT_STAGE, &event, sizeof event, MESSAGE_RETAIN);
}

void boot_stages_publish(const struct boot_info *boot)
{
    for (uint32_t stage = 0; stage < BOOT_STAGES; stage++)
        publish_stage(stage, boot->stage_time[stage]);
}

void boot_stage(enum boot_stage stage)
{
    trace(TRACE_BOOT_STAGE, 0, stage, 0);
    publish_stage(stage, rdtsc());
}
