/* Callbacks: when they are entered, what they may do, and what happens to the process when they go wrong. */
#include "test.h"

static volatile int calls, depth, deepest;
static volatile int endless = 1;

static void republish(uint32_t topic, const void *data, uint32_t length, uint64_t cookie, uint64_t dropped)
{
    (void)dropped;
    if (++depth > deepest)
        deepest = depth;
    if (++calls < (int)cookie)
        EXPECT_EQUAL(publish(topic, data, length, 0), 0);
    yield();
    depth--;
}

/* No deadlock, and no deeper than one: the next callback is entered when this one has returned. */
CHECK(publish_to_the_same_topic_from_its_callback)
{
    EXPECT_EQUAL(subscribe_callback(TOPIC_A, republish, 200, 0, POLICY_DROP_OLDEST), 0);
    send(TOPIC_A, 0);
    yield();
    EXPECT_EQUAL(calls, 200);
    EXPECT_EQUAL(deepest, 1);
}

static void unsubscribe_all(uint32_t topic, const void *data, uint32_t length, uint64_t cookie, uint64_t dropped)
{
    (void)topic, (void)data, (void)length, (void)cookie, (void)dropped;
    calls++;
    EXPECT_EQUAL(unsubscribe(TOPIC_A), 0); /* its own */
    EXPECT_EQUAL(unsubscribe(TOPIC_B), 0); /* the next, for which a message waits */
    EXPECT_EQUAL(unsubscribe(TOPIC_A), -ENOENT);
    send(TOPIC_A, 1);
    send(TOPIC_B, 1);
}

static void publish_both(uint32_t topic, const void *data, uint32_t length, uint64_t cookie, uint64_t dropped)
{
    (void)topic, (void)data, (void)length, (void)cookie, (void)dropped;
    send(TOPIC_A, 1);
    send(TOPIC_B, 2);
}

CHECK(unsubscribe_self_and_next_inside_a_callback)
{
    EXPECT_EQUAL(subscribe_callback(TOPIC_A, unsubscribe_all, 0, 0, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(subscribe_callback(TOPIC_B, republish, 1, 0, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(subscribe_callback(TOPIC_C, publish_both, 0, 0, POLICY_DROP_OLDEST), 0);
    send(TOPIC_C, 0); /* in its callback, messages come to wait on A and B */
    yield();
    EXPECT_EQUAL(calls, 1);
}

HELPER(publish_on_a) /* argument numbers, a moment apart */
{
    for (long i = 0; i < argument; i++) {
        send(TOPIC_A, i);
        sleep(2);
    }
    return HELPER_OK;
}

static void count_call(uint32_t topic, const void *data, uint32_t length, uint64_t cookie, uint64_t dropped)
{
    (void)topic, (void)data, (void)length, (void)cookie, (void)dropped;
    calls++;
}

/* A callback interrupts a computation that makes no system call, and leaves all of its registers as they were. */
CHECK(interrupted_code_goes_on_as_it_was)
{
    EXPECT_EQUAL(subscribe_callback(TOPIC_A, count_call, 0, 0, POLICY_DROP_OLDEST), 0);
    process_t helper = start_helper("publish_on_a", 5);
    int bad = 0;
    while (calls < 5 && !bad) {
        uint64_t a = 0x1111, b = 0x2222, c = 0x3333, d = 0x4444;
        __asm__ volatile("movq $0x5555, %%r12\n\tmovq $0x6666, %%r15\n\tstd\n\tmovl $20000, %%ecx\n"
                         "1:\taddq $1, %0\n\taddq $2, %1\n\taddq $3, %2\n\taddq $4, %3\n\tdecl %%ecx\n\tjnz 1b\n\t"
                         "pushfq\n\tpopq %%rcx\n\tcld\n\ttestl $0x400, %%ecx\n\tjz 2f\n\t"
                         "cmpq $0x5555, %%r12\n\tjne 2f\n\tcmpq $0x6666, %%r15\n\tje 3f\n2:\tmovl $1, %4\n3:"
                         : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(bad)
                         :
                         : "rcx", "r12", "r15", "memory", "cc");
        bad |= a != 0x1111 + 20000 || b != 0x2222 + 40000 || c != 0x3333 + 60000 || d != 0x4444 + 80000;
    }
    EXPECT_EQUAL(bad, 0);
    expect_ok(helper);
}

CHECK(callback_breaks_off_waiting)
{
    long number;
    EXPECT_EQUAL(subscribe_callback(TOPIC_A, count_call, 0, 0, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(subscribe(TOPIC_B, 0, POLICY_DROP_OLDEST), 0);
    process_t helper = start_helper("publish_on_a", 1);
    EXPECT_EQUAL(sleep(PATIENCE_MS), -EINTR);
    EXPECT_EQUAL(calls, 1);
    expect_ok(helper);
    helper = start_helper("publish_on_a", 1);
    EXPECT_EQUAL(receive(TOPIC_B, &number, sizeof number, PATIENCE_MS, 0), -EINTR);
    EXPECT_EQUAL(calls, 2);
    expect_ok(helper);
    helper = start_helper("publish_on_a", 1);
    EXPECT_EQUAL(pause(PATIENCE_MS), 0);
    EXPECT_EQUAL(calls, 3);
    expect_ok(helper);
    EXPECT_EQUAL(pause(MOMENT_MS), -ETIMEDOUT);
}

static void try_everything(uint32_t topic, const void *data, uint32_t length, uint64_t cookie, uint64_t dropped)
{
    (void)topic, (void)data, (void)length, (void)cookie, (void)dropped;
    EXPECT_EQUAL(pause(MOMENT_MS), -EINVAL);
    EXPECT_EQUAL(sleep(1), 0);
    EXPECT_EQUAL(subscribe(TOPIC_B, 0, POLICY_DROP_OLDEST), 0);
    send(TOPIC_B, 77);
    EXPECT_EQUAL(fetch(TOPIC_B), 77);
    EXPECT_EQUAL(unsubscribe(TOPIC_B), 0);
    expect_ok(start_helper("publish_hello_on_c", 0));
    calls++;
}

HELPER(publish_hello_on_c)
{
    EXPECT_EQUAL(publish(TOPIC_C, "hello", 5, 0), 0);
    return HELPER_OK;
}

CHECK(callback_may_call_the_system)
{
    EXPECT_EQUAL(subscribe_callback(TOPIC_A, try_everything, 0, 0, POLICY_DROP_OLDEST), 0);
    send(TOPIC_A, 1);
    EXPECT_EQUAL(calls, 1);
}

CHECK(callback_return_outside_a_callback)
{
    EXPECT_EQUAL(raw_call(SYS_CALLBACK_RETURN, 0, 0, 0, 0, 0), -EINVAL);
}

static void mask(uint32_t topic, const void *data, uint32_t length, uint64_t cookie, uint64_t dropped)
{
    (void)topic, (void)data, (void)length, (void)cookie, (void)dropped;
    EXPECT_EQUAL(depth, 0);
    depth++;
    sleep(5); /* the others' messages come meanwhile */
    depth--;
    calls++;
}

CHECK(callbacks_are_masked_until_the_return)
{
    EXPECT_EQUAL(subscribe_callback(TOPIC_A, mask, 0, 0, POLICY_DROP_OLDEST), 0);
    process_t helper = start_helper("publish_on_a", 6);
    while (calls < 6)
        EXPECT_EQUAL(pause(PATIENCE_MS), 0);
    expect_ok(helper);
}

static void fault(uint32_t topic, const void *data, uint32_t length, uint64_t cookie, uint64_t dropped)
{
    (void)topic, (void)data, (void)length, (void)cookie, (void)dropped;
    touch(8);
}

static void linger(uint32_t topic, const void *data, uint32_t length, uint64_t cookie, uint64_t dropped)
{
    (void)topic, (void)data, (void)length, (void)cookie, (void)dropped;
    send(TOPIC_REPORT, 1);
    sleep(FOREVER);
}

static long use_stack(long level)
{
    volatile char frame[8192];
    frame[level % 8192] = 1;
    return endless ? use_stack(level + 1) + frame[0] : level;
}

static void recurse(uint32_t topic, const void *data, uint32_t length, uint64_t cookie, uint64_t dropped)
{
    (void)topic, (void)data, (void)length, (void)cookie, (void)dropped;
    use_stack(0);
}

HELPER(go_wrong) /* in its callback, in the way that the argument says */
{
    static callback_t *const ways[] = {fault, linger, recurse};
    EXPECT_EQUAL(subscribe_callback(TOPIC_A, ways[argument], 0, 0, POLICY_DROP_OLDEST), 0);
    say_ready();
    while (endless)
        pause(FOREVER);
    return 0;
}

CHECK(fault_inside_a_callback)
{
    process_t helper = start_ready("go_wrong", 0);
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    send(TOPIC_A, 1);
    expect_end(helper, 14);
    EXPECT_EQUAL(fetch(TOPIC_A), 1);
    send(TOPIC_A, 2);
    EXPECT_EQUAL(fetch(TOPIC_A), 2);
}

CHECK(kill_while_in_a_callback)
{
    EXPECT_EQUAL(subscribe(TOPIC_REPORT, 0, POLICY_DROP_OLDEST), 0);
    process_t helper = start_ready("go_wrong", 1);
    send(TOPIC_A, 1);
    EXPECT_EQUAL(fetch(TOPIC_REPORT), 1);
    send(TOPIC_A, 2); /* waits behind the callback */
    EXPECT_EQUAL(kill(helper), 0);
    expect_end(helper, 0);
}

CHECK(stack_overflow_inside_a_callback)
{
    process_t helper = start_ready("go_wrong", 2);
    send(TOPIC_A, 1);
    expect_end(helper, 14);
}

HELPER(no_stack) /* moves its stack pointer to where no message can be put */
{
    EXPECT_EQUAL(subscribe_callback(TOPIC_A, count_call, 0, 0, POLICY_DROP_OLDEST), 0);
    say_ready();
    __asm__ volatile("movq $4096, %%rsp\n1:\tpause\n\tjmp 1b" : : : "memory");
    return 0;
}

CHECK(callback_without_a_stack)
{
    struct process_event event;
    process_t helper = start_ready("no_stack", 0);
    EXPECT_EQUAL(subscribe(TOPIC_PROCESS_EXITED, 0, POLICY_DROP_OLDEST), 0);
    send(TOPIC_A, 1);
    EXPECT_EQUAL(receive(TOPIC_PROCESS_EXITED, &event, sizeof event, PATIENCE_MS, 0), 0);
    EXPECT_EQUAL(event.pid, (uint32_t)helper);
    EXPECT_EQUAL(event.reason, EXIT_MEMORY);
}
