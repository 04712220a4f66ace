/* Subscriptions that hold their publishers, and the limits on what one publisher may put into a mailbox. */
#include "test.h"

HELPER(send_held) /* so many numbers on A, and reports each that has gone through */
{
    say_ready();
    for (long i = 0; i < argument; i++) {
        send(TOPIC_A, i);
        send(TOPIC_REPORT, i);
    }
    return HELPER_OK;
}

CHECK(hold_the_publisher)
{
    struct topic_info info;
    EXPECT_EQUAL(subscribe(TOPIC_A, 2, POLICY_HOLD), 0);
    EXPECT_EQUAL(subscribe(TOPIC_REPORT, 0, POLICY_DROP_OLDEST), 0);
    process_t helper = start_ready("send_held", 6);
    await_blocked(helper, WAIT_QUEUE);
    EXPECT_EQUAL(fetch(TOPIC_REPORT), 0);
    EXPECT_EQUAL(fetch(TOPIC_REPORT), 1);
    expect_nothing(TOPIC_REPORT); /* the third is held */
    for (long i = 0; i < 6; i++)
        EXPECT_EQUAL(fetch(TOPIC_A), i);
    expect_ok(helper);
    EXPECT(find_topic(TOPIC_A, &info) && info.dropped == 0);
}

CHECK(hold_and_nonblock)
{
    long number = 7;
    EXPECT_EQUAL(subscribe(TOPIC_A, 1, POLICY_DROP_OLDEST), 0);
    process_t helper = start_ready("holder", 0);
    EXPECT_EQUAL(publish(TOPIC_A, &number, sizeof number, PUBLISH_NONBLOCK), 0);
    EXPECT_EQUAL(fetch(TOPIC_A), 7);
    EXPECT_EQUAL(publish(TOPIC_A, &number, sizeof number, PUBLISH_NONBLOCK), -EAGAIN);
    expect_nothing(TOPIC_A); /* nobody is partly served */
    kill(helper);
    expect_end(helper, 0);
    EXPECT_EQUAL(publish(TOPIC_A, &number, sizeof number, PUBLISH_NONBLOCK), 0);
}

HELPER(holder) /* holds its publishers after one message, and reads when told to end */
{
    EXPECT_EQUAL(subscribe(TOPIC_A, 1, POLICY_HOLD), 0);
    EXPECT_EQUAL(subscribe(TOPIC_GO, 0, POLICY_DROP_OLDEST), 0);
    say_ready();
    fetch(TOPIC_GO);
    if (argument == 1)
        EXPECT_EQUAL(unsubscribe(TOPIC_A), 0);
    return HELPER_OK;
}

static void released_by(long way)
{
    EXPECT_EQUAL(subscribe(TOPIC_REPORT, 0, POLICY_DROP_OLDEST), 0);
    process_t holder = start_ready("holder", way);
    process_t helper = start_ready("send_held", 3);
    await_blocked(helper, WAIT_QUEUE);
    if (way == 2)
        kill(holder);
    else
        send(TOPIC_GO, 0);
    expect_ok(helper);
}

CHECK(publisher_is_released_when_the_holder_ends)
{
    released_by(0);
}

CHECK(publisher_is_released_when_the_holder_unsubscribes)
{
    released_by(1);
}

CHECK(publisher_is_released_when_the_holder_is_killed)
{
    released_by(2);
}

CHECK(held_publisher_can_be_killed)
{
    process_t holder = start_ready("holder", 0);
    process_t helper = start_ready("send_held", 3);
    await_blocked(helper, WAIT_QUEUE);
    EXPECT_EQUAL(kill(helper), 0);
    expect_end(helper, 0);
    send(TOPIC_GO, 0);
    expect_ok(holder);
}

CHECK(nobody_waits_for_oneself)
{
    EXPECT_EQUAL(subscribe(TOPIC_A, 1, POLICY_HOLD), 0);
    send(TOPIC_A, 1);
    EXPECT_EQUAL(publish(TOPIC_A, "x", 1, 0), -EDEADLK);
    EXPECT_EQUAL(fetch(TOPIC_A), 1);
}

CHECK(the_kernel_is_not_held)
{
    struct subscribe_options options = {.policy = POLICY_HOLD};
    EXPECT_EQUAL(subscribe_with(TOPIC_PROCESS_EXITED, 0, &options), -EINVAL);
}

HELPER(flood) /* its argument: how many messages of 64 KiB on A */
{
    static char huge[MESSAGE_MAX];
    for (long i = 0; i < argument; i++)
        EXPECT_EQUAL(publish(TOPIC_A, huge, sizeof huge, 0), 0);
    return HELPER_OK;
}

HELPER(send_small) /* so many numbers on B */
{
    for (long i = 0; i < argument; i++)
        send(TOPIC_B, i);
    return HELPER_OK;
}

HELPER(flood_then_b) /* fills its share on A, then tries B */
{
    static char huge[MESSAGE_MAX];
    for (long i = 0; i < argument; i++)
        EXPECT_EQUAL(publish(TOPIC_A, huge, sizeof huge, 0), 0);
    EXPECT_EQUAL(publish(TOPIC_B, huge, sizeof huge, 0), 0);
    return HELPER_OK;
}

/* What is over one publisher's share is dropped and counted; others' messages still find room. */
CHECK(per_publisher_cap)
{
    static char huge[MESSAGE_MAX];
    struct received received;
    const uint64_t share = PUBLISHER_BYTES / MESSAGE_MAX;
    EXPECT_EQUAL(subscribe(TOPIC_A, 64, POLICY_DROP_NEWEST), 0);
    EXPECT_EQUAL(subscribe(TOPIC_B, 64, POLICY_DROP_NEWEST), 0);
    expect_ok(start_helper("flood", (long)share + 5));
    expect_ok(start_helper("send_small", 3));
    for (long i = 0; i < 3; i++)
        EXPECT_EQUAL(fetch(TOPIC_B), i);
    for (uint64_t i = 0; i < share; i++) {
        EXPECT_EQUAL(receive(TOPIC_A, huge, sizeof huge, 0, &received), 0);
        EXPECT_EQUAL(received.dropped, i == 0 ? 5 : 0);
    }
    expect_nothing(TOPIC_A);
}

/* Who is over its share elsewhere pushes nobody else's messages out: it would gain nothing by that. */
CHECK(per_publisher_cap_spares_others)
{
    EXPECT_EQUAL(subscribe(TOPIC_A, 64, POLICY_DROP_NEWEST), 0);
    EXPECT_EQUAL(subscribe(TOPIC_B, 64, POLICY_DROP_OLDEST), 0);
    expect_ok(start_helper("send_small", 3));
    expect_ok(start_helper("flood_then_b", PUBLISHER_BYTES / MESSAGE_MAX));
    for (long i = 0; i < 3; i++)
        EXPECT_EQUAL(fetch(TOPIC_B), i);
}

CHECK(mailbox_bytes_are_bounded)
{
    struct memory_info before, after;
    EXPECT_EQUAL(memory_info(&before), 0);
    EXPECT_EQUAL(subscribe(TOPIC_A, 1024, POLICY_DROP_NEWEST), 0);
    for (int i = 0; i < 5; i++)
        expect_ok(start_helper("flood", 16));
    EXPECT_EQUAL(memory_info(&after), 0);
    EXPECT(after.heap_used - before.heap_used <= 2 * MAILBOX_BYTES + 256 * 1024); /* blocks are powers of two */
}
