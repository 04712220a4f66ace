/* The ends of processes, and what becomes of messages and subscriptions. */
#include "test.h"

HELPER(collect_and_exit) /* subscribes with much room, lets messages come, and ends without a look at them */
{
    EXPECT_EQUAL(subscribe(TOPIC_A, 64, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(subscribe(TOPIC_GO, 0, POLICY_DROP_OLDEST), 0);
    say_ready();
    fetch(TOPIC_GO);
    return HELPER_OK;
}

static void expect_blocks(uint64_t blocks)
{
    struct memory_info info;
    for (int i = 0; i < 100; i++) {
        EXPECT_EQUAL(memory_info(&info), 0);
        if (info.heap_blocks == blocks)
            return;
        sleep(1);
    }
    EXPECT_EQUAL(info.heap_blocks, blocks);
}

CHECK(exit_with_queued_messages_frees_them)
{
    struct memory_info before;
    EXPECT_EQUAL(memory_info(&before), 0);
    process_t helper = start_ready("collect_and_exit", 0);
    for (long i = 0; i < 50; i++)
        send(TOPIC_A, i);
    send(TOPIC_GO, 0);
    expect_ok(helper);
    expect_blocks(before.heap_blocks);
}

CHECK(kill_with_queued_messages_frees_them)
{
    struct memory_info before;
    EXPECT_EQUAL(memory_info(&before), 0);
    process_t helper = start_ready("collect_and_exit", 0);
    for (long i = 0; i < 50; i++)
        send(TOPIC_A, i);
    EXPECT_EQUAL(kill(helper), 0);
    expect_end(helper, 0);
    expect_blocks(before.heap_blocks);
}

HELPER(publish_three)
{
    for (long i = 1; i <= 3; i++)
        send(TOPIC_A, i);
    return HELPER_OK;
}

CHECK(messages_outlive_their_publisher)
{
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    expect_ok(start_helper("publish_three", 0));
    sleep(MOMENT_MS);
    for (long i = 1; i <= 3; i++)
        EXPECT_EQUAL(fetch(TOPIC_A), i);
}

/* The end of a process is told behind its last message. */
CHECK(exit_event_follows_the_last_message)
{
    union {
        long number;
        struct process_event event;
    } message;
    struct received received;
    EXPECT_EQUAL(subscribe(TOPIC_PROCESS_EXITED, 0, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    process_t helper = start_helper("publish_three", 0);
    for (long i = 1; i <= 3; i++) {
        EXPECT_EQUAL(receive(TOPIC_ANY, &message, sizeof message, PATIENCE_MS, &received), 0);
        EXPECT(received.topic == TOPIC_A && message.number == i);
    }
    EXPECT_EQUAL(receive(TOPIC_ANY, &message, sizeof message, PATIENCE_MS, &received), 0);
    EXPECT(received.topic == TOPIC_PROCESS_EXITED && message.event.pid == (uint32_t)helper);
}

HELPER(many_subscriptions) /* publishes and subscribes as much as it can, and ends as the argument says */
{
    for (uint32_t i = 0; i < MAX_SUBSCRIPTIONS; i++)
        EXPECT_EQUAL(subscribe(TOPIC_MANY + i, i + 1, i % 2 ? POLICY_DROP_NEWEST : POLICY_DROP_OLDEST), 0);
    for (uint32_t i = 0; i < 4 * MAX_SUBSCRIPTIONS; i++)
        send(TOPIC_MANY + i * 7 % MAX_SUBSCRIPTIONS, (long)i);
    say_ready();
    if (argument == 1)
        touch(8);
    if (argument == 2)
        sleep(FOREVER);
    return HELPER_OK;
}

CHECK(many_subscriptions_then_exit)
{
    expect_ok(start_ready("many_subscriptions", 0));
}

CHECK(many_subscriptions_then_a_fault)
{
    expect_end(start_ready("many_subscriptions", 1), 14);
}

CHECK(many_subscriptions_then_kill)
{
    process_t helper = start_ready("many_subscriptions", 2);
    EXPECT_EQUAL(kill(helper), 0);
    expect_end(helper, 0);
}

HELPER(expect_silence) /* whoever has this PID now was sent nothing */
{
    expect_nothing(TOPIC_ANY);
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    expect_nothing(TOPIC_ANY);
    return HELPER_OK;
}

CHECK(reused_pid_receives_nothing)
{
    process_t dead = start_ready("collect_and_exit", 0);
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0); /* the topic stays */
    for (long i = 0; i < 10; i++)
        send(TOPIC_A, i);
    EXPECT_EQUAL(kill(dead), 0);
    expect_end(dead, 0);
    for (int i = 0; i < 2 * MAX_PROCESSES; i++) {
        process_t next = start_helper("expect_silence", 0);
        send(TOPIC_B, i);
        expect_ok(next);
        if ((uint32_t)next != (uint32_t)dead)
            continue;
        EXPECT((uint32_t)(next >> 32) == (uint32_t)(dead >> 32) + 1);
        EXPECT_EQUAL(kill(dead), -ESRCH);
        EXPECT_EQUAL(wait(dead, 0, 0), -ESRCH);
        return;
    }
    EXPECT(!"the PID is used again");
}

CHECK(dead_processes_cannot_be_killed)
{
    process_t helper = start_helper("exit_at_once", 0);
    expect_ok(helper);
    EXPECT_EQUAL(kill(helper), -ESRCH);
    EXPECT_EQUAL(kill((uint32_t)helper), -ESRCH);
    EXPECT_EQUAL(kill(MAX_PROCESSES), -ESRCH);
    EXPECT_EQUAL(kill(-1), -ESRCH);
    EXPECT_EQUAL(kill(0), -EPERM); /* the idle process */
}

HELPER(wait_forever) /* in the way that the argument says */
{
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    if (argument == 0)
        sleep(FOREVER);
    if (argument == 1)
        fetch(TOPIC_A);
    if (argument == 2)
        pause(FOREVER);
    if (argument == 3)
        wait(start_helper("wait_forever", 0), 0, FOREVER);
    for (;;)
        __asm__ volatile("pause");
    return 0;
}

CHECK(kill_at_any_point)
{
    static const enum wait_reason reasons[] = {WAIT_SLEEP, WAIT_RECEIVE, WAIT_CALLBACK, WAIT_EXIT};
    for (long i = 0; i < 5; i++) {
        process_t helper = start_helper("wait_forever", i);
        if (i < 4)
            await_blocked(helper, reasons[i]);
        else
            sleep(MOMENT_MS); /* it runs */
        EXPECT_EQUAL(kill(helper), 0);
        expect_end(helper, 0);
    }
    process_t helper = start_helper("wait_forever", 0);
    EXPECT_EQUAL(kill(helper), 0); /* before its first instruction */
    expect_end(helper, 0);
}

HELPER(stream_on_a) /* numbers on A as fast as it can, from 0 on */
{
    long last = argument;
    for (long i = 0; i < last; i++) {
        send(TOPIC_A, i);
        if (i % 3 == 0)
            sleep(1);
    }
    return HELPER_OK;
}

/* Receivers that sleep, wait with and without a limit: what comes is never missed, and nobody sleeps through it. */
CHECK(sleep_and_receive_race)
{
    long number, expected = 0;
    EXPECT_EQUAL(subscribe(TOPIC_A, 256, POLICY_DROP_NEWEST), 0);
    process_t helper = start_helper("stream_on_a", 60);
    while (expected < 60) {
        int result = receive(TOPIC_A, &number, sizeof number, (uint64_t)(expected % 4), 0);
        if (result == 0) {
            EXPECT_EQUAL(number, expected);
            expected++;
        } else {
            EXPECT(result == -EAGAIN || result == -ETIMEDOUT);
            if (expected % 4 == 0)
                sleep(1);
        }
    }
    expect_ok(helper);
}
