/* What arrives, where, how often, and byte for byte. */
#include "test.h"

CHECK(no_subscriber)
{
    struct topic_info info;
    EXPECT_EQUAL(publish(TOPIC_A, "hello", 5, 0), 0);
    EXPECT_EQUAL(find_topic(TOPIC_A, &info), 0);
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    expect_nothing(TOPIC_A);
}

static unsigned char sent[MESSAGE_MAX + 1], got[MESSAGE_MAX + 2];

static void exact(size_t length)
{
    struct received received;
    for (size_t i = 0; i < length; i++)
        sent[i] = (unsigned char)(i * 7 + length);
    memset(got, 0xee, length + 2);
    EXPECT_EQUAL(publish(TOPIC_A, sent, length, 0), 0);
    EXPECT_EQUAL(receive(TOPIC_A, got + 1, sizeof got - 1, 0, &received), 0);
    EXPECT_EQUAL(received.topic, TOPIC_A);
    EXPECT_EQUAL(received.length, length);
    EXPECT_EQUAL(received.dropped, 0);
    EXPECT(memcmp(got + 1, sent, length) == 0);
    EXPECT(got[0] == 0xee && got[length + 1] == 0xee);
}

CHECK(exact_bytes)
{
    static const size_t lengths[] = {0, 1, 7, 8, 9, 63, 64, 65, 511, 4095, 4096, 4097, 65535, MESSAGE_MAX};
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        exact(lengths[i]);
}

static size_t callback_length;
static int callback_good;

static void compare_with_sent(uint32_t topic, const void *data, uint32_t length, uint64_t cookie, uint64_t dropped)
{
    callback_good = topic == TOPIC_A && length == callback_length && cookie == 0x123456789abcdef0 && dropped == 0 &&
                    memcmp(data, sent, length) == 0 && ((uint64_t)data & 15) == 0;
}

CHECK(exact_bytes_in_callback)
{
    static const size_t lengths[] = {0, 1, 8, 65, 4096, 65535, MESSAGE_MAX};
    EXPECT_EQUAL(subscribe_callback(TOPIC_A, compare_with_sent, 0x123456789abcdef0, 0, POLICY_DROP_OLDEST), 0);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        callback_length = lengths[i];
        callback_good = 0;
        for (size_t at = 0; at < callback_length; at++)
            sent[at] = (unsigned char)(at * 5 + i);
        EXPECT_EQUAL(publish(TOPIC_A, sent, callback_length, 0), 0);
        EXPECT(callback_good);
    }
}

/* A copy is made: what the publisher does with its memory afterwards changes nothing. */
CHECK(publisher_may_reuse_its_buffer)
{
    char text[4] = "one";
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(publish(TOPIC_A, text, sizeof text, 0), 0);
    memcpy(text, "two", 4);
    EXPECT_EQUAL(receive(TOPIC_A, text, sizeof text, 0, 0), 0);
    EXPECT(strcmp(text, "one") == 0);
}

CHECK(short_buffer_cuts_and_tells_the_length)
{
    struct received received;
    char text[8] = "-------";
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(publish(TOPIC_A, "abcdef", 6, 0), 0);
    EXPECT_EQUAL(receive(TOPIC_A, text, 3, 0, &received), 0);
    EXPECT_EQUAL(received.length, 6);
    EXPECT(strcmp(text, "abc----") == 0);
    expect_nothing(TOPIC_A);
}

HELPER(count_messages) /* reports how many messages came before the last one, which is -1 */
{
    long count = 0;
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    say_ready();
    while (fetch(TOPIC_A) >= 0)
        count++;
    send(TOPIC_REPORT, count);
    return HELPER_OK;
}

CHECK(exactly_one_copy_each)
{
    process_t readers[3];
    EXPECT_EQUAL(subscribe(TOPIC_REPORT, 0, POLICY_DROP_OLDEST), 0);
    for (int i = 0; i < 3; i++)
        readers[i] = start_ready("count_messages", 0);
    for (int i = 0; i < 5; i++)
        send(TOPIC_A, i);
    send(TOPIC_A, -1);
    for (int i = 0; i < 3; i++)
        EXPECT_EQUAL(fetch(TOPIC_REPORT), 5);
    for (int i = 0; i < 3; i++)
        expect_ok(readers[i]);
    expect_nothing(TOPIC_ANY);
}

CHECK(other_topics_get_nothing)
{
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    for (uint32_t distance = 1; distance; distance <<= 1) /* neighbours, and others of the same bucket perhaps */
        if (TOPIC_A + distance >= TOPIC_RESERVED && TOPIC_A + distance < TOPIC_PRIVATE)
            EXPECT_EQUAL(publish(TOPIC_A + distance, "x", 1, 0), 0);
    expect_nothing(TOPIC_ANY);
    send(TOPIC_A, 7);
    EXPECT_EQUAL(fetch(TOPIC_ANY), 7);
}

CHECK(highest_topic)
{
    EXPECT_EQUAL(subscribe(TOPIC_PRIVATE - 1, 0, POLICY_DROP_OLDEST), 0);
    send(TOPIC_PRIVATE - 1, 5);
    EXPECT_EQUAL(fetch(TOPIC_PRIVATE - 1), 5);
}

CHECK(own_subscription_is_delivered)
{
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    send(TOPIC_A, 11);
    EXPECT_EQUAL(fetch(TOPIC_A), 11);
    expect_nothing(TOPIC_A);
}

CHECK(receive_chooses_the_topic)
{
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(subscribe(TOPIC_B, 0, POLICY_DROP_OLDEST), 0);
    send(TOPIC_A, 1);
    send(TOPIC_B, 2);
    send(TOPIC_A, 3);
    EXPECT_EQUAL(fetch(TOPIC_B), 2);
    expect_nothing(TOPIC_B);
    EXPECT_EQUAL(fetch(TOPIC_ANY), 1);
    EXPECT_EQUAL(fetch(TOPIC_ANY), 3);
}

CHECK(receive_times_out)
{
    long number;
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(receive(TOPIC_A, &number, sizeof number, 0, 0), -EAGAIN);
    EXPECT_EQUAL(receive(TOPIC_A, &number, sizeof number, MOMENT_MS, 0), -ETIMEDOUT);
}

HELPER(publish_hello)
{
    EXPECT_EQUAL(publish(TOPIC_A, "hello", 5, 0), 0);
    return HELPER_OK;
}

/* Two publishers' messages are the same to the receiver in every byte it gets. */
CHECK(publisher_is_not_in_the_message)
{
    struct received received[2];
    char text[2][64];
    memset(received, 0, sizeof received);
    memset(text, 0, sizeof text);
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    for (int i = 0; i < 2; i++) {
        expect_ok(start_helper("publish_hello", 0));
        EXPECT_EQUAL(receive(TOPIC_A, text[i], sizeof text[i], PATIENCE_MS, &received[i]), 0);
    }
    EXPECT(memcmp(text[0], text[1], sizeof text[0]) == 0);
    EXPECT(memcmp(&received[0], &received[1], sizeof received[0]) == 0);
}
