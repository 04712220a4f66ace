/* Mailboxes that are full: policies, drop counts, and that it is nobody else's matter. */
#include "test.h"

static long fetch_with_drops(uint32_t topic, uint64_t drops)
{
    long number;
    struct received received;
    EXPECT_EQUAL(receive(topic, &number, sizeof number, 0, &received), 0);
    EXPECT_EQUAL(received.dropped, drops);
    return number;
}

CHECK(drop_oldest)
{
    EXPECT_EQUAL(subscribe(TOPIC_A, 3, POLICY_DROP_OLDEST), 0);
    for (long i = 0; i < 10; i++)
        send(TOPIC_A, i);
    EXPECT_EQUAL(fetch_with_drops(TOPIC_A, 7), 7);
    EXPECT_EQUAL(fetch_with_drops(TOPIC_A, 0), 8);
    EXPECT_EQUAL(fetch_with_drops(TOPIC_A, 0), 9);
    expect_nothing(TOPIC_A);
}

CHECK(drop_newest)
{
    EXPECT_EQUAL(subscribe(TOPIC_A, 3, POLICY_DROP_NEWEST), 0);
    for (long i = 0; i < 10; i++)
        send(TOPIC_A, i);
    EXPECT_EQUAL(fetch_with_drops(TOPIC_A, 7), 0);
    EXPECT_EQUAL(fetch_with_drops(TOPIC_A, 0), 1);
    EXPECT_EQUAL(fetch_with_drops(TOPIC_A, 0), 2);
    expect_nothing(TOPIC_A);
}

CHECK(depth_above_the_number_published)
{
    EXPECT_EQUAL(subscribe(TOPIC_A, 10, POLICY_DROP_NEWEST), 0);
    for (long i = 0; i < 9; i++)
        send(TOPIC_A, i);
    for (long i = 0; i < 9; i++)
        EXPECT_EQUAL(fetch_with_drops(TOPIC_A, 0), i);
}

CHECK(depth_exactly_the_number_published)
{
    EXPECT_EQUAL(subscribe(TOPIC_A, MAILBOX_DEPTH_MAX, POLICY_DROP_NEWEST), 0);
    for (long i = 0; i < MAILBOX_DEPTH_MAX; i++)
        send(TOPIC_A, i);
    for (long i = 0; i < MAILBOX_DEPTH_MAX; i++)
        EXPECT_EQUAL(fetch_with_drops(TOPIC_A, 0), i);
    expect_nothing(TOPIC_A);
}

/* The count says how many were lost since the message taken before, and begins anew. */
CHECK(drop_counter_is_exact_and_cleared)
{
    EXPECT_EQUAL(subscribe(TOPIC_A, 2, POLICY_DROP_OLDEST), 0);
    for (uint64_t lost = 0; lost < 50; lost += 7) {
        for (uint64_t i = 0; i < lost + 2; i++)
            send(TOPIC_A, (long)i);
        EXPECT_EQUAL(fetch_with_drops(TOPIC_A, lost), lost);
        EXPECT_EQUAL(fetch_with_drops(TOPIC_A, 0), lost + 1);
    }
}

static uint64_t drops_seen[4];
static int callbacks_seen;

static void note_drops(uint32_t topic, const void *data, uint32_t length, uint64_t cookie, uint64_t dropped)
{
    (void)data, (void)length, (void)cookie;
    if (callbacks_seen < 4)
        drops_seen[callbacks_seen] = dropped;
    if (callbacks_seen++ == 0)
        for (long i = 0; i < 5; i++)
            send(topic, i);
}

CHECK(drop_counter_in_callbacks)
{
    EXPECT_EQUAL(subscribe_callback(TOPIC_A, note_drops, 0, 2, POLICY_DROP_OLDEST), 0);
    send(TOPIC_A, 0);
    yield();
    EXPECT_EQUAL(callbacks_seen, 3);
    EXPECT(drops_seen[0] == 0 && drops_seen[1] == 3 && drops_seen[2] == 0);
}

HELPER(lazy) /* subscribes with one slot and never looks */
{
    EXPECT_EQUAL(subscribe(TOPIC_A, 1, argument ? POLICY_DROP_NEWEST : POLICY_DROP_OLDEST), 0);
    say_ready();
    sleep(FOREVER);
    return 0;
}

CHECK(full_mailbox_is_nobody_elses_matter)
{
    start_ready("lazy", 0);
    EXPECT_EQUAL(subscribe(TOPIC_A, 20, POLICY_DROP_OLDEST), 0);
    start_ready("lazy", 1);
    for (long i = 0; i < 20; i++)
        send(TOPIC_A, i);
    for (long i = 0; i < 20; i++)
        EXPECT_EQUAL(fetch_with_drops(TOPIC_A, 0), i);
}

/* One topic's drops are not another's. */
CHECK(drop_counters_are_per_subscription)
{
    EXPECT_EQUAL(subscribe(TOPIC_A, 1, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(subscribe(TOPIC_B, 4, POLICY_DROP_OLDEST), 0);
    for (long i = 0; i < 4; i++) {
        send(TOPIC_A, i);
        send(TOPIC_B, i);
    }
    EXPECT_EQUAL(fetch_with_drops(TOPIC_B, 0), 0);
    EXPECT_EQUAL(fetch_with_drops(TOPIC_A, 3), 3);
    EXPECT_EQUAL(fetch_with_drops(TOPIC_B, 0), 1);
}
