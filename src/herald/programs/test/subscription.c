/* Subscribing, unsubscribing, the list of subscribers and the tables' limits. */
#include "test.h"

CHECK(duplicate_subscribe_is_refused)
{
    EXPECT_EQUAL(subscribe(TOPIC_A, 2, POLICY_DROP_OLDEST), 0);
    send(TOPIC_A, 1);
    EXPECT_EQUAL(subscribe(TOPIC_A, 7, POLICY_DROP_NEWEST), -EALREADY);
    send(TOPIC_A, 2);
    send(TOPIC_A, 3); /* the first subscription's depth and policy hold */
    EXPECT_EQUAL(fetch(TOPIC_A), 2);
    EXPECT_EQUAL(fetch(TOPIC_A), 3);
    expect_nothing(TOPIC_A);
}

CHECK(no_delivery_after_unsubscribe)
{
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    send(TOPIC_A, 1);
    EXPECT_EQUAL(unsubscribe(TOPIC_A), 0);
    send(TOPIC_A, 2);
    expect_nothing(TOPIC_A);
    EXPECT_EQUAL(unsubscribe(TOPIC_A), -ENOENT);
    EXPECT_EQUAL(unsubscribe(TOPIC_B), -ENOENT);
}

static volatile int calls;

static void count_call(uint32_t topic, const void *data, uint32_t length, uint64_t cookie, uint64_t dropped)
{
    (void)topic, (void)data, (void)length, (void)cookie, (void)dropped;
    calls++;
}

CHECK(no_callback_after_unsubscribe)
{
    EXPECT_EQUAL(subscribe_callback(TOPIC_A, count_call, 0, 0, POLICY_DROP_OLDEST), 0);
    send(TOPIC_A, 1);
    EXPECT_EQUAL(calls, 1);
    EXPECT_EQUAL(unsubscribe(TOPIC_A), 0);
    send(TOPIC_A, 2);
    yield();
    EXPECT_EQUAL(calls, 1);
}

/* What waits belongs to the subscription that ended: the next one begins empty. */
CHECK(resubscribe_cancels_what_waits)
{
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    send(TOPIC_A, 1);
    EXPECT_EQUAL(unsubscribe(TOPIC_A), 0);
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    expect_nothing(TOPIC_A);
    send(TOPIC_A, 2);
    EXPECT_EQUAL(fetch(TOPIC_A), 2);
}

static void resubscribe_inside(uint32_t topic, const void *data, uint32_t length, uint64_t cookie, uint64_t dropped)
{
    (void)data, (void)length, (void)cookie, (void)dropped;
    calls++;
    send(topic, 2); /* waits: we are in a callback */
    EXPECT_EQUAL(unsubscribe(topic), 0);
    EXPECT_EQUAL(subscribe_callback(topic, count_call, 0, 0, POLICY_DROP_OLDEST), 0);
}

CHECK(resubscribe_cancels_pending_callbacks)
{
    EXPECT_EQUAL(subscribe_callback(TOPIC_A, resubscribe_inside, 0, 0, POLICY_DROP_OLDEST), 0);
    send(TOPIC_A, 1);
    yield();
    EXPECT_EQUAL(calls, 1);
    send(TOPIC_A, 3);
    EXPECT_EQUAL(calls, 2);
}

HELPER(listener) /* reports its number for each message on A; ends its subscription when told so on B */
{
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(subscribe(TOPIC_B, 0, POLICY_DROP_OLDEST), 0);
    say_ready();
    for (;;) {
        long number;
        struct received received;
        EXPECT_EQUAL(receive(TOPIC_ANY, &number, sizeof number, FOREVER, &received), 0);
        if (received.topic == TOPIC_A)
            send(TOPIC_REPORT, argument);
        else if (number == argument)
            break;
    }
    EXPECT_EQUAL(unsubscribe(TOPIC_A), 0);
    send(TOPIC_REPORT, -argument);
    sleep(FOREVER);
    return 0;
}

/* Takes the listener at `position` out of a list of three; the others still hear, in their order. */
static void remove_listener(long position)
{
    EXPECT_EQUAL(subscribe(TOPIC_REPORT, 0, POLICY_DROP_OLDEST), 0);
    for (long i = 1; i <= 3; i++)
        start_ready("listener", i);
    send(TOPIC_A, 0);
    for (long i = 1; i <= 3; i++)
        EXPECT_EQUAL(fetch(TOPIC_REPORT), i);
    send(TOPIC_B, position);
    EXPECT_EQUAL(fetch(TOPIC_REPORT), -position);
    send(TOPIC_A, 0);
    for (long i = 1; i <= 3; i++)
        if (i != position)
            EXPECT_EQUAL(fetch(TOPIC_REPORT), i);
    sleep(MOMENT_MS);
    expect_nothing(TOPIC_REPORT);
}

CHECK(remove_first_of_the_list)
{
    remove_listener(1);
}

CHECK(remove_middle_of_the_list)
{
    remove_listener(2);
}

CHECK(remove_last_of_the_list)
{
    remove_listener(3);
}

/* Receivers of equal rank run in the order in which they were served. */
CHECK(delivery_order_is_subscription_order)
{
    process_t listeners[4];
    EXPECT_EQUAL(subscribe(TOPIC_REPORT, 0, POLICY_DROP_OLDEST), 0);
    for (long i = 0; i < 4; i++)
        listeners[i] = start_ready("listener", i + 1);
    for (int round = 0; round < 5; round++) {
        for (long i = 0; i < 4; i++)
            await_blocked(listeners[i], WAIT_RECEIVE);
        send(TOPIC_A, 0);
        for (long i = 0; i < 4; i++)
            EXPECT_EQUAL(fetch(TOPIC_REPORT), i + 1);
    }
}

CHECK(subscriber_table_full)
{
    for (uint32_t i = 0; i < MAX_SUBSCRIPTIONS; i++)
        EXPECT_EQUAL(subscribe(TOPIC_MANY + i, 1, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(subscribe(TOPIC_A, 1, POLICY_DROP_OLDEST), -ENOSPC);
    send(TOPIC_A, 1);
    expect_nothing(TOPIC_ANY);
    send(TOPIC_MANY + MAX_SUBSCRIPTIONS - 1, 2);
    EXPECT_EQUAL(fetch(TOPIC_ANY), 2);
    EXPECT_EQUAL(unsubscribe(TOPIC_MANY), 0);
    EXPECT_EQUAL(subscribe(TOPIC_A, 1, POLICY_DROP_OLDEST), 0);
    send(TOPIC_A, 3);
    EXPECT_EQUAL(fetch(TOPIC_A), 3);
}

HELPER(take_topics) /* all it can; reports how many */
{
    long taken = 0;
    int result = 0;
    while (taken < MAX_SUBSCRIPTIONS) {
        result = subscribe((uint32_t)(TOPIC_MANY + argument * MAX_SUBSCRIPTIONS + taken), 1, POLICY_DROP_OLDEST);
        if (result)
            break;
        taken++;
    }
    EXPECT(result == 0 || result == -ENOSPC);
    send(TOPIC_REPORT, taken);
    sleep(FOREVER);
    return 0;
}

CHECK(topic_table_full)
{
    process_t takers[MAX_TOPICS / MAX_SUBSCRIPTIONS];
    long free_topics, taken = 0;
    struct memory_info info;
    EXPECT_EQUAL(subscribe(TOPIC_REPORT, 0, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(memory_info(&info), 0);
    free_topics = MAX_TOPICS - (long)info.topics;
    for (long i = 0; i < MAX_TOPICS / MAX_SUBSCRIPTIONS; i++) {
        takers[i] = start_helper("take_topics", i);
        taken += fetch(TOPIC_REPORT);
    }
    EXPECT_EQUAL(taken, free_topics);
    EXPECT_EQUAL(subscribe(TOPIC_A, 1, POLICY_DROP_OLDEST), -ENOSPC);
    EXPECT_EQUAL(subscribe(TOPIC_MANY, 1, POLICY_DROP_OLDEST), 0); /* it exists */
    kill(takers[1]);
    expect_end(takers[1], 0);
    EXPECT_EQUAL(subscribe(TOPIC_A, 1, POLICY_DROP_OLDEST), 0);
}

CHECK(subscribe_refuses_bad_options)
{
    EXPECT_EQUAL(subscribe(TOPIC_A, MAILBOX_DEPTH_MAX + 1, POLICY_DROP_OLDEST), -EINVAL);
    EXPECT_EQUAL(subscribe(TOPIC_A, UINT32_MAX, POLICY_DROP_OLDEST), -EINVAL);
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, 77), -EINVAL);
    EXPECT_EQUAL(subscribe(TOPIC_ANY, 0, POLICY_DROP_OLDEST), -EINVAL);
    EXPECT_EQUAL(raw_call(SYS_SUBSCRIBE, UINT64_C(1) << 32 | TOPIC_A, 0, 0, 0, 0), -EINVAL);
    EXPECT_EQUAL(raw_call(SYS_UNSUBSCRIBE, UINT64_C(1) << 32 | TOPIC_A, 0, 0, 0, 0), -EINVAL);
    EXPECT_EQUAL(subscribe(TOPIC_A, MAILBOX_DEPTH_MAX, POLICY_DROP_OLDEST), 0);
}

static char not_code[64];

/* The old subscription stays as it was. */
CHECK(callback_must_be_executable)
{
    uint64_t bad[] = {(uint64_t)not_code,         (uint64_t)&bad,     8, USER_TOP, KERNEL_VIRTUAL_BASE,
                      DIRECT_MAP_BASE, UINT64_C(1) << 62, ~UINT64_C(0)};
    EXPECT_EQUAL(subscribe_callback(TOPIC_A, count_call, 0, 0, POLICY_DROP_OLDEST), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        EXPECT_EQUAL(raw_call(SYS_SUBSCRIBE, TOPIC_B, bad[i], 0, 0, 0), -EFAULT);
        EXPECT_EQUAL(raw_call(SYS_SUBSCRIBE, TOPIC_A, bad[i], 0, 0, 0), -EFAULT);
    }
    send(TOPIC_A, 1);
    EXPECT_EQUAL(calls, 1);
    EXPECT_EQUAL(unsubscribe(TOPIC_B), -ENOENT);
}

CHECK(subscribe_before_first_publish)
{
    struct topic_info info;
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    EXPECT(find_topic(TOPIC_A, &info));
    EXPECT(info.subscribers == 1 && info.published == 0);
    expect_ok(start_helper("publish_hello", 0));
    char text[5];
    EXPECT_EQUAL(receive(TOPIC_A, text, 5, PATIENCE_MS, 0), 0);
}

CHECK(topic_list_counts)
{
    struct topic_info info;
    EXPECT_EQUAL(subscribe(TOPIC_A, 2, POLICY_DROP_OLDEST), 0);
    for (int i = 0; i < 5; i++)
        send(TOPIC_A, i);
    EXPECT(find_topic(TOPIC_A, &info));
    EXPECT_EQUAL(info.subscribers, 1);
    EXPECT_EQUAL(info.published, 5);
    EXPECT_EQUAL(info.delivered, 5);
    EXPECT_EQUAL(info.dropped, 3);
    EXPECT_EQUAL(info.queued, 2);
    EXPECT_EQUAL(unsubscribe(TOPIC_A), 0);
    EXPECT_EQUAL(find_topic(TOPIC_A, &info), 0);
}
