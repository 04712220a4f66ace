/* Address spaces, stacks, heaps, and a kernel that runs out of memory. */
#include "test.h"

static volatile int endless = 1;

static long use_stack(long level)
{
    volatile char frame[2048];
    frame[level % 2048] = 1;
    return endless ? use_stack(level + 1) + frame[0] : level;
}

HELPER(overflow_the_stack)
{
    return (int)use_stack(0);
}

CHECK(stack_grows_up_to_a_guard)
{
    volatile char large[200 * 1024];
    for (size_t i = sizeof large; i >= PAGE_SIZE; i -= PAGE_SIZE)
        large[i - 1] = 1;
    expect_end(start_helper("overflow_the_stack", 0), 14);
}

HELPER(break_a_right) /* as the argument says */
{
    static char data[16] = {(char)0xc3}; /* ret */
    static const char constant[16] = "constant";
    if (argument == 0)
        *(volatile char *)(uint64_t)main = 1;
    if (argument == 1)
        *(volatile char *)(uint64_t)constant = 1;
    if (argument == 2)
        ((void (*)(void))(uint64_t)data)();
    if (argument == 3)
        return *(volatile char *)(KERNEL_VIRTUAL_BASE + KERNEL_PHYSICAL_BASE);
    if (argument == 4)
        *(volatile char *)DIRECT_MAP_BASE = 1;
    if (argument == 5) {
        char on_the_stack[16] = {(char)0xc3};
        ((void (*)(void))(uint64_t)on_the_stack)();
    }
    return HELPER_OK;
}

CHECK(pages_keep_their_rights)
{
    for (long i = 0; i <= 5; i++)
        expect_end(start_helper("break_a_right", i), 14);
}

HELPER(look_at_the_heap) /* memory that another process filled must come zeroed */
{
    unsigned char *bytes = grow(64 * PAGE_SIZE);
    EXPECT(bytes);
    for (size_t i = 0; i < 64 * PAGE_SIZE; i++)
        EXPECT(bytes[i] == 0);
    memset(bytes, 0xaa, 64 * PAGE_SIZE);
    return HELPER_OK;
}

CHECK(fresh_memory_is_zeroed)
{
    for (int i = 0; i < 3; i++)
        expect_ok(start_helper("look_at_the_heap", 0));
}

static int in_my_space = 1;

HELPER(change_a_variable)
{
    in_my_space = 2;
    return HELPER_OK;
}

CHECK(address_spaces_are_separate)
{
    expect_ok(start_helper("change_a_variable", 0));
    EXPECT_EQUAL(in_my_space, 1);
}

CHECK(grow_has_limits)
{
    char *start = grow(0), *more;
    EXPECT(start);
    EXPECT(grow(USER_HEAP_LIMIT + 1) == 0);
    EXPECT(grow((size_t)-1) == 0);
    EXPECT(grow(1) == start);
    more = grow(1);
    EXPECT(more == start + 1);
    *more = 5;
    EXPECT_EQUAL(raw_call(SYS_GROW, 0, 0, 0, 0, 0), (int64_t)(more + 1));
}

HELPER(fill_a_mailbox) /* until the kernel refuses or its own limits drop */
{
    static char huge[MESSAGE_MAX];
    int result = 0;
    EXPECT_EQUAL(subscribe(TOPIC_A, MAILBOX_DEPTH_MAX, POLICY_DROP_NEWEST), 0);
    for (int i = 0; i < 2 * MAILBOX_DEPTH_MAX && result == 0; i++)
        result = publish(TOPIC_A, huge, sizeof huge, PUBLISH_NONBLOCK);
    EXPECT(result == 0 || result == -ENOMEM || result == -EAGAIN);
    send(TOPIC_REPORT, result);
    sleep(FOREVER);
    return 0;
}

/* The greediest reader takes no memory from others: they still subscribe, publish and receive. */
CHECK(a_greedy_mailbox_harms_nobody)
{
    EXPECT_EQUAL(subscribe(TOPIC_REPORT, 0, POLICY_DROP_OLDEST), 0);
    process_t helper = start_helper("fill_a_mailbox", 0);
    fetch(TOPIC_REPORT);
    EXPECT_EQUAL(subscribe(TOPIC_B, 0, POLICY_DROP_OLDEST), 0);
    send(TOPIC_B, 1);
    EXPECT_EQUAL(fetch(TOPIC_B), 1);
    expect_ok(start_helper("exit_at_once", 0));
    kill(helper);
    expect_end(helper, 0);
}
