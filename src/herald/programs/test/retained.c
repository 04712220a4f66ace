/* Retained messages: for those who subscribe later. */
#include "test.h"

static void keep(uint32_t topic, long number)
{
    EXPECT_EQUAL(publish(topic, &number, sizeof number, PUBLISH_RETAIN), 0);
}

static void subscribe_late(uint32_t topic, uint32_t depth)
{
    struct subscribe_options options = {.depth = depth, .flags = SUBSCRIBE_REPLAY};
    EXPECT_EQUAL(subscribe_with(topic, 0, &options), 0);
}

CHECK(late_joiner_gets_the_retained_message)
{
    keep(TOPIC_A, 1);
    keep(TOPIC_A, 2); /* one is kept unless more are asked for */
    subscribe_late(TOPIC_A, 0);
    EXPECT_EQUAL(fetch(TOPIC_A), 2);
    expect_nothing(TOPIC_A);
    EXPECT_EQUAL(retain(TOPIC_A, 0), 0);
}

CHECK(late_joiner_without_replay_gets_nothing)
{
    keep(TOPIC_A, 1);
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    expect_nothing(TOPIC_A);
    EXPECT_EQUAL(retain(TOPIC_A, 0), 0);
}

CHECK(plain_messages_are_not_retained)
{
    send(TOPIC_A, 1);
    subscribe_late(TOPIC_A, 0);
    expect_nothing(TOPIC_A);
}

CHECK(retained_depth_below_and_above_the_number_published)
{
    EXPECT_EQUAL(retain(TOPIC_A, 3), 0);
    keep(TOPIC_A, 1);
    keep(TOPIC_A, 2);
    subscribe_late(TOPIC_A, 0);
    EXPECT_EQUAL(fetch(TOPIC_A), 1);
    EXPECT_EQUAL(fetch(TOPIC_A), 2);
    expect_nothing(TOPIC_A);
    EXPECT_EQUAL(unsubscribe(TOPIC_A), 0);
    for (long i = 3; i <= 7; i++)
        keep(TOPIC_A, i);
    subscribe_late(TOPIC_A, 0);
    for (long i = 5; i <= 7; i++)
        EXPECT_EQUAL(fetch(TOPIC_A), i);
    expect_nothing(TOPIC_A);
    EXPECT_EQUAL(retain(TOPIC_A, 0), 0);
}

CHECK(replay_leaves_out_what_has_no_room)
{
    struct received received;
    long number;
    EXPECT_EQUAL(retain(TOPIC_A, 10), 0);
    for (long i = 0; i < 10; i++)
        keep(TOPIC_A, i);
    subscribe_late(TOPIC_A, 4);
    for (long i = 6; i < 10; i++) {
        EXPECT_EQUAL(receive(TOPIC_A, &number, sizeof number, 0, &received), 0);
        EXPECT_EQUAL(number, i);
        EXPECT_EQUAL(received.dropped, 0);
    }
    expect_nothing(TOPIC_A);
    EXPECT_EQUAL(retain(TOPIC_A, 0), 0);
}

CHECK(retained_messages_come_before_new_ones)
{
    keep(TOPIC_A, 1);
    subscribe_late(TOPIC_A, 0);
    send(TOPIC_A, 2);
    EXPECT_EQUAL(fetch(TOPIC_A), 1);
    EXPECT_EQUAL(fetch(TOPIC_A), 2);
    EXPECT_EQUAL(retain(TOPIC_A, 0), 0);
}

HELPER(retain_one)
{
    keep(TOPIC_A, 99);
    return HELPER_OK;
}

CHECK(retained_messages_outlive_their_publisher)
{
    expect_ok(start_helper("retain_one", 0));
    subscribe_late(TOPIC_A, 0);
    EXPECT_EQUAL(fetch(TOPIC_A), 99);
    EXPECT_EQUAL(unsubscribe(TOPIC_A), 0);
    subscribe_late(TOPIC_A, 0); /* and every late joiner gets it */
    EXPECT_EQUAL(fetch(TOPIC_A), 99);
    EXPECT_EQUAL(retain(TOPIC_A, 0), 0);
}

CHECK(retain_forgets)
{
    struct topic_info info;
    EXPECT_EQUAL(retain(TOPIC_A, 5), 0);
    for (long i = 0; i < 5; i++)
        keep(TOPIC_A, i);
    EXPECT(find_topic(TOPIC_A, &info) && info.retained == 5);
    EXPECT_EQUAL(retain(TOPIC_A, 2), 0); /* the oldest go */
    subscribe_late(TOPIC_A, 0);
    EXPECT_EQUAL(fetch(TOPIC_A), 3);
    EXPECT_EQUAL(fetch(TOPIC_A), 4);
    EXPECT_EQUAL(unsubscribe(TOPIC_A), 0);
    EXPECT_EQUAL(retain(TOPIC_A, 0), 0);
    EXPECT_EQUAL(find_topic(TOPIC_A, &info), 0);
}

static volatile long heard;

static void hear(uint32_t topic, const void *data, uint32_t length, uint64_t cookie, uint64_t dropped)
{
    long number;
    (void)topic, (void)length, (void)cookie, (void)dropped;
    memcpy(&number, data, sizeof number);
    heard = heard * 10 + number;
}

CHECK(replay_into_a_callback)
{
    struct subscribe_options options = {.flags = SUBSCRIBE_REPLAY};
    EXPECT_EQUAL(retain(TOPIC_A, 3), 0);
    for (long i = 1; i <= 3; i++)
        keep(TOPIC_A, i);
    EXPECT_EQUAL(subscribe_with(TOPIC_A, hear, &options), 0);
    yield();
    EXPECT_EQUAL(heard, 123);
    EXPECT_EQUAL(retain(TOPIC_A, 0), 0);
}

CHECK(retain_refuses)
{
    EXPECT_EQUAL(retain(TOPIC_A, RETAIN_DEPTH_MAX + 1), -EINVAL);
    EXPECT_EQUAL(retain(TOPIC_ANY, 1), -EINVAL);
    EXPECT_EQUAL(retain(TOPIC_KEYBOARD, 1), -EPERM);
    EXPECT_EQUAL(retain(TOPIC_PRIVATE, 1), -EPERM);
    EXPECT_EQUAL(publish(TOPIC_KEYBOARD, "x", 1, PUBLISH_RETAIN), -EPERM);
}

/* A publisher's share of what is retained has a limit; what is refused leaves no trace. */
CHECK(retained_share_of_a_publisher)
{
    static char huge[MESSAGE_MAX];
    struct topic_info info;
    uint32_t topic = TOPIC_MANY;
    int result = 0;
    for (; topic < TOPIC_MANY + 200 && result == 0; topic++)
        result = publish(topic, huge, sizeof huge, PUBLISH_RETAIN);
    EXPECT_EQUAL(result, -ENOSPC);
    EXPECT_EQUAL(topic - 1 - TOPIC_MANY, PUBLISHER_RETAINED / MESSAGE_MAX);
    EXPECT_EQUAL(find_topic(topic - 1, &info), 0);
    EXPECT_EQUAL(publish(TOPIC_MANY, huge, sizeof huge, PUBLISH_RETAIN), 0); /* takes the place of its own */
    while (--topic > TOPIC_MANY - 1)
        EXPECT_EQUAL(retain(topic, 0), 0);
}
