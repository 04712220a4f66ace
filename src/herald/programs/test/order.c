/* In which order messages arrive. */
#include "test.h"

HELPER(stream) /* 30 numbers from argument * 1000 on, with pauses that shift against those of others */
{
    say_ready();
    for (long i = 0; i < 30; i++) {
        send(i % 2 ? TOPIC_A : TOPIC_B, argument * 1000 + i);
        if (i % (argument + 2) == 0)
            yield();
        if (i % 11 == argument)
            sleep(1);
    }
    return HELPER_OK;
}

CHECK(publisher_fifo)
{
    long next[3] = {0, 1000, 2000};
    EXPECT_EQUAL(subscribe(TOPIC_A, 128, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(subscribe(TOPIC_B, 128, POLICY_DROP_OLDEST), 0);
    for (long i = 0; i < 3; i++)
        start_helper("stream", i);
    for (int i = 0; i < 90; i++) {
        long number = fetch(TOPIC_ANY);
        EXPECT(number >= 0 && number < 3000);
        EXPECT_EQUAL(number, next[number / 1000]);
        next[number / 1000]++;
    }
    expect_nothing(TOPIC_ANY);
}

HELPER(record_order) /* reports a sum that depends on the order of what it sees of two streams */
{
    long sum = 0;
    EXPECT_EQUAL(subscribe(TOPIC_A, 128, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(subscribe(TOPIC_B, 128, POLICY_DROP_OLDEST), 0);
    say_ready();
    for (int i = 0; i < 60; i++) {
        long number = fetch(TOPIC_ANY);
        sum = (long)(((unsigned long)sum * 31 + (unsigned long)number) & 0xffffffffff);
        if (argument && i % 7 == 0)
            yield();
    }
    send(TOPIC_REPORT, sum);
    return HELPER_OK;
}

CHECK(two_publishers_two_receivers_one_order)
{
    EXPECT_EQUAL(subscribe(TOPIC_REPORT, 0, POLICY_DROP_OLDEST), 0);
    start_ready("record_order", 0);
    start_ready("record_order", 1);
    start_helper("stream", 0);
    start_helper("stream", 1);
    long first = fetch(TOPIC_REPORT);
    EXPECT_EQUAL(fetch(TOPIC_REPORT), first);
}

HELPER(react) /* for each number on A publishes it on B */
{
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    say_ready();
    for (;;)
        send(TOPIC_B, fetch(TOPIC_A));
    return 0;
}

/* A reader of both topics sees the cause before the reaction, though the reactor subscribed first. */
CHECK(causality)
{
    struct received received;
    long number;
    start_ready("react", 0);
    EXPECT_EQUAL(subscribe(TOPIC_B, 0, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    for (long i = 0; i < 10; i++) {
        send(TOPIC_A, i);
        EXPECT_EQUAL(receive(TOPIC_ANY, &number, sizeof number, PATIENCE_MS, &received), 0);
        EXPECT(received.topic == TOPIC_A && number == i);
        EXPECT_EQUAL(receive(TOPIC_ANY, &number, sizeof number, PATIENCE_MS, &received), 0);
        EXPECT(received.topic == TOPIC_B && number == i);
    }
}

/* Nobody notices that somebody listens: it publishes nothing, and others get what they got. */
CHECK(monitor_causes_no_events)
{
    struct topic_info before, after;
    start_ready("react", 0);
    EXPECT_EQUAL(subscribe(TOPIC_B, 0, POLICY_DROP_OLDEST), 0);
    send(TOPIC_A, 1);
    EXPECT_EQUAL(fetch(TOPIC_B), 1);
    EXPECT(find_topic(TOPIC_A, &before));
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    send(TOPIC_A, 2);
    EXPECT_EQUAL(fetch(TOPIC_A), 2);
    EXPECT_EQUAL(fetch(TOPIC_B), 2);
    EXPECT_EQUAL(unsubscribe(TOPIC_A), 0);
    send(TOPIC_A, 3);
    EXPECT_EQUAL(fetch(TOPIC_B), 3);
    EXPECT(find_topic(TOPIC_A, &after));
    EXPECT_EQUAL(after.published, before.published + 2);
    EXPECT_EQUAL(after.dropped, 0);
    expect_nothing(TOPIC_ANY);
}

static long seen[8];
static int seen_count;

static void note(uint32_t topic, const void *data, uint32_t length, uint64_t cookie, uint64_t dropped)
{
    long number;
    (void)topic, (void)length, (void)dropped;
    memcpy(&number, data, sizeof number);
    if (seen_count < 8)
        seen[seen_count++] = number + (long)cookie;
    if (number == 1) {
        send(TOPIC_B, 2); /* from the callback: its own callbacks wait until it has returned */
        send(TOPIC_A, 3);
    }
}

/* Callbacks of several topics come in the one order of all messages. */
CHECK(callbacks_keep_the_order_across_topics)
{
    EXPECT_EQUAL(subscribe_callback(TOPIC_A, note, 100, 0, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(subscribe_callback(TOPIC_B, note, 200, 0, POLICY_DROP_OLDEST), 0);
    send(TOPIC_A, 1);
    yield();
    EXPECT_EQUAL(seen_count, 3);
    EXPECT_EQUAL(seen[0], 101);
    EXPECT_EQUAL(seen[1], 202);
    EXPECT_EQUAL(seen[2], 103);
}
