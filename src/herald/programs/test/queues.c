/* Message queues and shared memory: the models that publish/subscribe is compared with. */
#include "test.h"

#define QUEUE 70
#define SEGMENT 71

static long take(int queue)
{
    long number;
    EXPECT_EQUAL(queue_receive(queue, &number, sizeof number, PATIENCE_MS), sizeof number);
    return number;
}

static void put(int queue, long number)
{
    EXPECT_EQUAL(queue_send(queue, &number, sizeof number, PATIENCE_MS), 0);
}

CHECK(queue_is_first_in_first_out)
{
    int queue = queue_create(QUEUE, 8);
    EXPECT(queue >= 0);
    for (long i = 0; i < 8; i++)
        put(queue, i);
    EXPECT_EQUAL(queue_send(queue, "x", 1, 0), -EAGAIN);
    EXPECT_EQUAL(queue_send(queue, "x", 1, MOMENT_MS), -ETIMEDOUT);
    for (long i = 0; i < 8; i++)
        EXPECT_EQUAL(take(queue), i);
    EXPECT_EQUAL(queue_receive(queue, 0, 0, 0), -EAGAIN);
    EXPECT_EQUAL(queue_receive(queue, 0, 0, MOMENT_MS), -ETIMEDOUT);
}

HELPER(queue_reader) /* reports the sum of so many numbers */
{
    long sum = 0;
    int queue = queue_open(QUEUE);
    EXPECT(queue >= 0);
    say_ready();
    for (long i = 0; i < argument; i++)
        sum += take(queue);
    send(TOPIC_REPORT, sum);
    return HELPER_OK;
}

CHECK(queue_gives_each_message_to_one_receiver)
{
    int queue = queue_create(QUEUE, 4);
    EXPECT_EQUAL(subscribe(TOPIC_REPORT, 0, POLICY_DROP_OLDEST), 0);
    process_t readers[3];
    for (int i = 0; i < 3; i++)
        readers[i] = start_ready("queue_reader", 20);
    for (long i = 1; i <= 60; i++)
        put(queue, i);
    long sum = 0;
    for (int i = 0; i < 3; i++)
        sum += fetch(TOPIC_REPORT);
    EXPECT_EQUAL(sum, 60 * 61 / 2);
    for (int i = 0; i < 3; i++)
        expect_ok(readers[i]);
    EXPECT_EQUAL(queue_receive(queue, 0, 0, 0), -EAGAIN);
}

CHECK(queue_limits)
{
    int handles[MAX_QUEUES];
    struct memory_info info;
    EXPECT_EQUAL(queue_create(QUEUE, 0), -EINVAL);
    EXPECT_EQUAL(queue_create(QUEUE, QUEUE_DEPTH_MAX + 1), -EINVAL);
    EXPECT_EQUAL(queue_open(QUEUE), -ENOENT);
    EXPECT_EQUAL(memory_info(&info), 0);
    int count = 0;
    for (; count < MAX_QUEUES; count++) {
        handles[count] = queue_create(1000 + (uint32_t)count, 1);
        if (handles[count] < 0)
            break;
    }
    EXPECT_EQUAL(count + (int)info.queues, MAX_QUEUES);
    EXPECT_EQUAL(queue_create(QUEUE, 1), -ENOSPC);
    EXPECT_EQUAL(queue_create(1000, 1), -EEXIST);
    EXPECT_EQUAL(queue_open(1000), handles[0]);
    EXPECT_EQUAL(queue_close(handles[0]), 0);
    EXPECT_EQUAL(queue_close(handles[0]), -ENOENT);
    int again = queue_create(QUEUE, 1);
    EXPECT(again >= 0 && again != handles[0]); /* a handle of the old one is not one of the new */
    EXPECT_EQUAL(queue_send(handles[0], "x", 1, 0), -ENOENT);
    EXPECT_EQUAL(queue_send(-1, "x", 1, 0), -ENOENT);
    EXPECT_EQUAL(queue_receive(0x7fffffff, 0, 0, 0), -ENOENT);
}

CHECK(queue_bad_arguments)
{
    static char huge[MESSAGE_MAX + 1];
    int queue = queue_create(QUEUE, 4);
    EXPECT_EQUAL(queue_send(queue, huge, sizeof huge, 0), -EMSGSIZE);
    EXPECT_EQUAL(queue_send(queue, (void *)8, 8, 0), -EFAULT);
    EXPECT_EQUAL(queue_send(queue, (void *)KERNEL_VIRTUAL_BASE, 8, 0), -EFAULT);
    put(queue, 7);
    EXPECT_EQUAL(queue_receive(queue, (void *)8, 8, 0), -EFAULT);
    EXPECT_EQUAL(take(queue), 7); /* it is not lost */
}

/* Not open is not there, also for who knows the handle. */
HELPER(queue_thief)
{
    EXPECT_EQUAL(queue_send((int)argument, "x", 1, 0), -ENOENT);
    EXPECT_EQUAL(queue_receive((int)argument, 0, 0, 0), -ENOENT);
    EXPECT_EQUAL(queue_close((int)argument), -ENOENT);
    return HELPER_OK;
}

CHECK(queue_must_be_opened)
{
    expect_ok(start_helper("queue_thief", queue_create(QUEUE, 4)));
}

HELPER(queue_waiter) /* waits for ever: 0 to receive, 1 to send */
{
    int queue = queue_open(QUEUE);
    say_ready();
    queue_receive(queue, 0, 0, argument ? 0 : FOREVER);
    for (;;)
        queue_send(queue, "x", 1, FOREVER);
    return 0;
}

CHECK(queue_waiters_can_be_killed)
{
    int queue = queue_create(QUEUE, 1);
    for (long way = 0; way < 2; way++) {
        process_t first = start_ready("queue_waiter", way);
        process_t second = start_ready("queue_waiter", way);
        await_blocked(second, WAIT_MESSAGE_QUEUE);
        EXPECT_EQUAL(kill(first), 0);
        EXPECT_EQUAL(kill(second), 0);
        expect_end(first, 0);
        expect_end(second, 0);
    }
    queue_receive(queue, 0, 0, 0);
    put(queue, 1);
    EXPECT_EQUAL(take(queue), 1);
}

CHECK(queue_goes_with_its_last_user)
{
    struct memory_info before, after;
    EXPECT_EQUAL(memory_info(&before), 0);
    int queue = queue_create(QUEUE, 8);
    for (long i = 0; i < 8; i++)
        put(queue, i);
    EXPECT_EQUAL(queue_close(queue), 0);
    EXPECT_EQUAL(memory_info(&after), 0);
    EXPECT_EQUAL(after.heap_blocks, before.heap_blocks);
    EXPECT_EQUAL(queue_open(QUEUE), -ENOENT);
}

HELPER(segment_writer)
{
    int error;
    volatile uint32_t *words = segment_attach(SEGMENT, 0, &error);
    EXPECT(words);
    words[1] = 4711;
    words[0] = 1;
    EXPECT_EQUAL(segment_wake(words, 1), argument);
    return HELPER_OK;
}

CHECK(segment_is_shared)
{
    int error;
    volatile uint32_t *words = segment_attach(SEGMENT, 3 * PAGE_SIZE, &error);
    EXPECT(words && error == 0);
    for (int i = 0; i < 3 * PAGE_SIZE / 4; i++)
        EXPECT(words[i] == 0);
    start_helper("segment_writer", 1);
    EXPECT_EQUAL(segment_wait(words, 0, PATIENCE_MS), 0);
    EXPECT_EQUAL(words[0], 1);
    EXPECT_EQUAL(words[1], 4711);
    EXPECT_EQUAL(segment_wait(words, 0, PATIENCE_MS), -EAGAIN); /* it is 1 by now */
    EXPECT_EQUAL(segment_wait(words, 1, MOMENT_MS), -ETIMEDOUT);
    EXPECT_EQUAL(segment_wake(words, 1), 0);
}

CHECK(segment_limits)
{
    int error;
    EXPECT(!segment_attach(SEGMENT, 0, &error));
    EXPECT_EQUAL(error, -ENOENT);
    EXPECT(!segment_attach(SEGMENT, SEGMENT_MAX + 1, &error));
    EXPECT_EQUAL(error, -EINVAL);
    char *bytes = segment_attach(SEGMENT, PAGE_SIZE, &error);
    EXPECT(bytes);
    EXPECT(!segment_attach(SEGMENT, PAGE_SIZE, &error));
    EXPECT_EQUAL(error, -EALREADY);
    EXPECT_EQUAL(segment_wait((uint32_t *)(bytes + 2), 0, 0), -EINVAL);
    EXPECT_EQUAL(segment_wait((uint32_t *)(bytes + PAGE_SIZE), 0, 0), -EFAULT);
    EXPECT_EQUAL(segment_wait((uint32_t *)0, 0, 0), -EFAULT);
    EXPECT_EQUAL(segment_wake((uint32_t *)KERNEL_VIRTUAL_BASE, 1), -EFAULT);
    EXPECT_EQUAL(segment_detach(SEGMENT), 0);
    EXPECT_EQUAL(segment_detach(SEGMENT), -ENOENT);
}

HELPER(segment_after_detach)
{
    int error;
    volatile char *bytes = segment_attach(SEGMENT, PAGE_SIZE, &error);
    EXPECT(bytes);
    bytes[0] = 1;
    EXPECT_EQUAL(segment_detach(SEGMENT), 0);
    bytes[0] = 2; /* gone */
    return HELPER_OK;
}

CHECK(segment_is_gone_after_detach)
{
    expect_end(start_helper("segment_after_detach", 0), 14);
}

CHECK(segments_full)
{
    int error = 0, count = 0;
    while (count <= MAX_SEGMENTS && segment_attach(1000 + (uint32_t)count, 1, &error))
        count++;
    EXPECT_EQUAL(count, MAX_SEGMENTS);
    EXPECT_EQUAL(error, -ENOSPC);
    EXPECT_EQUAL(segment_detach(1000), 0);
    EXPECT(segment_attach(SEGMENT, 1, &error));
}

/* The kernel reads and writes it for its users as it does their other memory. */
CHECK(publish_from_a_segment)
{
    long *words = segment_attach(SEGMENT, PAGE_SIZE, 0);
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    words[0] = 1234;
    EXPECT_EQUAL(publish(TOPIC_A, words, sizeof *words, 0), 0);
    EXPECT_EQUAL(receive(TOPIC_A, words + 1, sizeof *words, 0, 0), 0);
    EXPECT_EQUAL(words[1], 1234);
    EXPECT_EQUAL(publish(TOPIC_A, (char *)words + PAGE_SIZE - 4, 8, 0), -EFAULT);
}
