/* Arguments that make no sense: an error by name, and nothing has happened. */
#include "test.h"

#define NOT_CANONICAL (UINT64_C(1) << 62)

static const uint64_t bad_addresses[] = {
    0,
    1,
    USER_BASE - 1,
    USER_TOP - 4,
    USER_TOP,
    NOT_CANONICAL,
    DIRECT_MAP_BASE,
    KERNEL_VIRTUAL_BASE + KERNEL_PHYSICAL_BASE,
    HEAP_BASE,
    ~UINT64_C(0) - 3,
};

#define BAD_ADDRESSES (sizeof bad_addresses / sizeof bad_addresses[0])

/* The last `size` bytes before a page that is not there. */
static char *before_a_hole(size_t size)
{
    char *page = grow(PAGE_SIZE);
    EXPECT(page);
    return page + PAGE_SIZE - ((uint64_t)page & (PAGE_SIZE - 1)) - size;
}

CHECK(publish_from_bad_addresses)
{
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    for (size_t i = 0; i < BAD_ADDRESSES; i++)
        EXPECT_EQUAL(publish(TOPIC_A, (const void *)bad_addresses[i], 8, 0), -EFAULT);
    expect_nothing(TOPIC_A);
}

CHECK(publish_of_nothing_needs_no_address)
{
    struct received received;
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(publish(TOPIC_A, 0, 0, 0), 0);
    EXPECT_EQUAL(receive(TOPIC_A, 0, 0, 0, &received), 0);
    EXPECT_EQUAL(received.length, 0);
}

/* All of the message, or EFAULT and nobody is served. */
CHECK(payload_across_an_unmapped_page)
{
    struct topic_info info;
    char *end = before_a_hole(64);
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    for (size_t length = 65; length <= 4096 + 64; length += 31)
        EXPECT_EQUAL(publish(TOPIC_A, end, length, 0), -EFAULT);
    expect_nothing(TOPIC_A);
    EXPECT(find_topic(TOPIC_A, &info) && info.published == 0);
    EXPECT_EQUAL(publish(TOPIC_A, end, 64, 0), 0);
    expect_nothing(TOPIC_B);
}

CHECK(payload_from_read_only_memory)
{
    static const char text[] = "constant";
    char copy[sizeof text];
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(publish(TOPIC_A, text, sizeof text, 0), 0);
    EXPECT_EQUAL(publish(TOPIC_A, (const void *)(uint64_t)main, 16, 0), 0);
    EXPECT_EQUAL(receive(TOPIC_A, copy, sizeof copy, 0, 0), 0);
    EXPECT(strcmp(copy, text) == 0);
}

CHECK(payload_from_untouched_stack)
{
    char *deep = __builtin_frame_address(0);
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(publish(TOPIC_A, deep - 40000, 8, 0), 0); /* the stack grows for the kernel too */
    EXPECT_EQUAL(receive(TOPIC_A, deep - 80000, 8, 0, 0), 0);
}

CHECK(oversize_is_refused)
{
    static char huge[MESSAGE_MAX + 1];
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(publish(TOPIC_A, huge, MESSAGE_MAX + 1, 0), -EMSGSIZE);
    EXPECT_EQUAL(publish(TOPIC_A, huge, (size_t)-1, 0), -EMSGSIZE);
    EXPECT_EQUAL(publish(TOPIC_A, huge, UINT64_C(1) << 32, 0), -EMSGSIZE); /* not its low half, 0 */
    expect_nothing(TOPIC_A);
}

CHECK(small_message_fits_after_a_large_one_was_refused)
{
    static char huge[MESSAGE_MAX + 1];
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(publish(TOPIC_A, huge, sizeof huge, 0), -EMSGSIZE);
    send(TOPIC_A, 1);
    EXPECT_EQUAL(fetch(TOPIC_A), 1);
}

CHECK(bad_topics_are_refused)
{
    EXPECT_EQUAL(publish(TOPIC_ANY, "x", 1, 0), -EINVAL);
    EXPECT_EQUAL(raw_call(SYS_PUBLISH, UINT64_C(1) << 32 | TOPIC_A, (uint64_t) "x", 1, 0, 0), -EINVAL);
    EXPECT_EQUAL(raw_call(SYS_PUBLISH, ~UINT64_C(0), (uint64_t) "x", 1, 0, 0), -EINVAL);
}

CHECK(bad_flags_are_refused)
{
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(publish(TOPIC_A, "x", 1, 0x80000000), -EINVAL);
    EXPECT_EQUAL(raw_call(SYS_PUBLISH, TOPIC_A, (uint64_t) "x", 1, UINT64_C(1) << 40, 0), -EINVAL);
    expect_nothing(TOPIC_A);
}

/* A message that cannot be handed over is not lost. */
CHECK(receive_into_bad_addresses_keeps_the_message)
{
    long number = 0;
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    send(TOPIC_A, 5);
    for (size_t i = 0; i < BAD_ADDRESSES; i++) {
        EXPECT_EQUAL(receive(TOPIC_A, (void *)bad_addresses[i], 8, 0, 0), -EFAULT);
        EXPECT_EQUAL(receive(TOPIC_A, &number, sizeof number, 0, (struct received *)bad_addresses[i]),
                     bad_addresses[i] ? -EFAULT : 0);
        if (bad_addresses[i] == 0)
            send(TOPIC_A, 5);
    }
    EXPECT_EQUAL(receive(TOPIC_A, (void *)(uint64_t)main, 8, 0, 0), -EFAULT); /* code is not writable */
    EXPECT_EQUAL(fetch(TOPIC_A), 5);
}

CHECK(receive_across_an_unmapped_page)
{
    char *end = before_a_hole(4);
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    send(TOPIC_A, 5);
    EXPECT_EQUAL(receive(TOPIC_A, end, 8, 0, 0), -EFAULT);
}

CHECK(subscribe_options_from_bad_addresses)
{
    for (size_t i = 1; i < BAD_ADDRESSES; i++)
        EXPECT_EQUAL(raw_call(SYS_SUBSCRIBE, TOPIC_A, 0, bad_addresses[i], 0, 0), -EFAULT);
    EXPECT_EQUAL(unsubscribe(TOPIC_A), -ENOENT);
}

CHECK(every_call_survives_bad_addresses)
{
    char *end = before_a_hole(4);
    for (size_t i = 0; i < BAD_ADDRESSES; i++) {
        uint64_t bad = bad_addresses[i];
        EXPECT_EQUAL(raw_call(SYS_WRITE, bad, 8, 0, 0, 0), -EFAULT);
        EXPECT_EQUAL(raw_call(SYS_SPAWN, bad, 0, 0, 0, 0), -EFAULT);
        EXPECT_EQUAL(raw_call(SYS_READ_FILE, bad, 0, (uint64_t)end, 4, 0), -EFAULT);
        EXPECT_EQUAL(raw_call(SYS_READ_FILE, (uint64_t) "scenario.cfg", 0, bad, 4, 0), -EFAULT);
        EXPECT_EQUAL(raw_call(SYS_MEMORY_INFO, bad, 0, 0, 0, 0), -EFAULT);
        EXPECT_EQUAL(raw_call(SYS_PROCESS_LIST, bad, 4, 0, 0, 0), -EFAULT);
    }
    EXPECT_EQUAL(raw_call(SYS_MEMORY_INFO, (uint64_t)end, 0, 0, 0, 0), -EFAULT);
    EXPECT_EQUAL(raw_call(SYS_WRITE, (uint64_t)end, WRITE_MAX + 1, 0, 0, 0), -EMSGSIZE);
    memcpy(end, "spin", 4); /* a name that runs into the hole */
    EXPECT_EQUAL(raw_call(SYS_SPAWN, (uint64_t)end, 0, 0, 0, 0), -EFAULT);
}

CHECK(unknown_calls_are_refused)
{
    EXPECT_EQUAL(raw_call(200, 0, 0, 0, 0, 0), -ENOSYS);
    EXPECT_EQUAL(raw_call(~UINT64_C(0), 0, 0, 0, 0, 0), -ENOSYS);
    EXPECT_EQUAL(raw_call(UINT64_C(1) << 32, 0, 0, 0, 0, 0), -ENOSYS);
}
