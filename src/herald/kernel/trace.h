/* The trace: one record per event in a ring that the machine outside drains. */
#ifndef HERALD_TRACE_H
#define HERALD_TRACE_H

#include "kernel.h"

extern struct trace_memory {
    struct trace_ring ring;
    struct trace_record records[TRACE_CAPACITY];
} trace_ring;

#define TRACE_KINDS (TRACE_CONSOLE_LINE + 1)
#define TRACE_BIT(kind) (UINT64_C(1) << (kind))

/* Tells the machine where the ring is and replays the boot stages. Call once, first. */
void trace_start(const struct boot_info *boot);

/* The machine has come to a stage of its boot: traces it and publishes it on TOPIC_BOOT_STAGE. */
void boot_stage(enum boot_stage stage);

/* Publishes the stages that the boot itself went through; the trace has them already. */
void boot_stages_publish(const struct boot_info *boot);

/*
 * Writes a record. Interrupts are off from before `time` was read, so that times never go back and the machine never sees half of a
 * record.
 */
void trace_write(uint64_t time, uint16_t kind, uint16_t flags, uint32_t pid, uint64_t a, uint64_t b);

/* Writes a record of this instant. */
void trace_now(uint16_t kind, uint16_t flags, uint32_t pid, uint64_t a, uint64_t b);

/* Rings the doorbell if there are records the machine has not been told of. Interrupts off. */
void trace_tick(void);

/* Sets which kinds are traced (bit k: kind k); from then on. */
void trace_set_mask(uint64_t mask);

/* The same from "all", "none" or a comma-separated list of kinds. Returns 0, or -EINVAL and no change. */
int trace_select(const char *list);

/*
 * Is any of these kinds (a mask) traced? WITHOUT_TRACE makes a kernel that has no trace points: what they cost when they are
 * off is measured against it.
 */
static inline int trace_any(uint64_t kinds)
{
#ifdef WITHOUT_TRACE
    return (void)kinds, 0;
#endif
    return __builtin_expect((trace_ring.ring.mask & kinds) != 0, 0); /* a test and a branch */
}

static inline int trace_enabled(enum trace_kind kind)
{
    return trace_any(TRACE_BIT(kind));
}

#define trace_for(pid, kind, flags, a, b)                                                                        \
    do {                                                                                                         \
        if (trace_enabled(kind))                                                                                 \
            trace_now((kind), (uint16_t)(flags), (pid), (uint64_t)(a), (uint64_t)(b));                           \
    } while (0)

#define trace(kind, flags, a, b) trace_for(current_pid, kind, flags, a, b)

#endif
