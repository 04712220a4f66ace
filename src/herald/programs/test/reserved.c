/* The kernel's own topics. */
#include "test.h"

CHECK(reserved_topics_are_not_for_publishing)
{
    for (uint32_t topic = 0; topic < TOPIC_RESERVED; topic++)
        EXPECT_EQUAL(publish(topic, "x", 1, 0), -EPERM);
}

CHECK(refused_publish_queues_nothing)
{
    struct key_event event = {.character = 'x'};
    EXPECT_EQUAL(subscribe(TOPIC_KEYBOARD, 0, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(subscribe(TOPIC_RESERVED - 1, 0, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(publish(TOPIC_KEYBOARD, &event, sizeof event, 0), -EPERM);
    EXPECT_EQUAL(publish(TOPIC_RESERVED - 1, "x", 1, 0), -EPERM);
    expect_nothing(TOPIC_ANY);
    EXPECT_EQUAL(publish(TOPIC_RESERVED, "x", 1, 0), 0); /* the first that is free for all */
}

CHECK(process_started_event)
{
    struct process_event event;
    EXPECT_EQUAL(subscribe(TOPIC_PROCESS_STARTED, 0, POLICY_DROP_OLDEST), 0);
    process_t helper = start_helper("publish_hello", 0);
    EXPECT_EQUAL(receive(TOPIC_PROCESS_STARTED, &event, sizeof event, PATIENCE_MS, 0), 0);
    EXPECT_EQUAL(event.pid, (uint32_t)helper);
    EXPECT_EQUAL(event.generation, (uint32_t)(helper >> 32));
    EXPECT(strcmp(event.name, "test") == 0);
}

CHECK(process_exited_event)
{
    struct process_event event;
    EXPECT_EQUAL(subscribe(TOPIC_PROCESS_EXITED, 0, POLICY_DROP_OLDEST), 0);
    process_t helper = start_helper("publish_hello", 0);
    EXPECT_EQUAL(receive(TOPIC_PROCESS_EXITED, &event, sizeof event, PATIENCE_MS, 0), 0);
    EXPECT_EQUAL(event.pid, (uint32_t)helper);
    EXPECT_EQUAL(event.generation, (uint32_t)(helper >> 32));
    EXPECT_EQUAL(event.status, HELPER_OK);
    EXPECT_EQUAL(event.reason, EXIT_NORMAL);
    struct process_info info;
    EXPECT_EQUAL(find_process(helper, &info), 0); /* whoever hears of its end finds it gone */
}

HELPER(exit_at_once)
{
    return HELPER_OK;
}

/*
 * Hundreds of the kernel's own messages at somebody who does not read: they are dropped and counted, and the users'
 * messages still come through.
 */
CHECK(kernel_flood_leaves_the_users_share)
{
    struct received received;
    struct process_event event;
    EXPECT_EQUAL(subscribe(TOPIC_PROCESS_EXITED, 4, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(subscribe(TOPIC_A, 4, POLICY_DROP_OLDEST), 0);
    for (int i = 0; i < 20; i++)
        expect_ok(start_helper("exit_at_once", 0));
    send(TOPIC_A, 1);
    EXPECT_EQUAL(fetch(TOPIC_A), 1);
    EXPECT_EQUAL(receive(TOPIC_PROCESS_EXITED, &event, sizeof event, 0, &received), 0);
    EXPECT_EQUAL(received.dropped, 16);
}

/* And the reverse: users' messages, as many as fit, leave the kernel's own theirs. */
CHECK(user_flood_leaves_the_kernels_share)
{
    struct process_event event;
    EXPECT_EQUAL(subscribe(TOPIC_PROCESS_EXITED, 4, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(subscribe(TOPIC_A, MAILBOX_DEPTH_MAX, POLICY_DROP_OLDEST), 0);
    for (long i = 0; i < 2 * MAILBOX_DEPTH_MAX; i++)
        publish(TOPIC_A, &i, sizeof i, PUBLISH_NONBLOCK);
    process_t helper = start_helper("exit_at_once", 0);
    EXPECT_EQUAL(receive(TOPIC_PROCESS_EXITED, &event, sizeof event, PATIENCE_MS, 0), 0);
    EXPECT_EQUAL(event.pid, (uint32_t)helper);
}
