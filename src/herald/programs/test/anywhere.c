/*
 * A timer interrupt at any instruction. By themselves these checks see one or two; tests/herald/sweep.test.ts stops the
 * machine where a message is being published, lets the timer interrupt k instructions later, for each k, and sees them
 * pass every time. A slice is one tick long, so every interrupt takes the CPU away.
 */
#include "test.h"

#define ROUNDS 6
#define TICK_US 10000

static int64_t usual_quantum;

static void one_tick_slices(void)
{
    need_debug();
    usual_quantum = quantum(0);
    EXPECT_EQUAL(debug(DEBUG_QUANTUM, TICK_US), 0);
}

static void usual_slices(void)
{
    quantum((uint64_t)usual_quantum);
}

static long last_number;

/* Each message once, none lost, in order. */
static void take(long number, uint64_t dropped)
{
    EXPECT_EQUAL(dropped, 0);
    EXPECT_EQUAL(number, last_number + 1);
    last_number = number;
    send(TOPIC_REPORT, number);
}

HELPER(take_by_receive)
{
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    say_ready();
    long number;
    struct received received;
    while (receive(TOPIC_A, &number, sizeof number, FOREVER, &received) == 0)
        take(number, received.dropped);
    return 1;
}

static void take_in_callback(uint32_t topic, const void *data, uint32_t length, uint64_t cookie, uint64_t dropped)
{
    (void)topic, (void)length, (void)cookie;
    take(*(const long *)data, dropped);
}

HELPER(take_by_callback)
{
    EXPECT_EQUAL(subscribe_callback(TOPIC_A, take_in_callback, 0, 0, POLICY_DROP_OLDEST), 0);
    say_ready();
    serve(FOREVER);
    return 1;
}

/* What interrupts publish comes too, each once. */
HELPER(count_ticks)
{
    struct tick_event event;
    struct received received;
    EXPECT_EQUAL(subscribe(TOPIC_TICK, 0, POLICY_DROP_OLDEST), 0);
    say_ready();
    for (uint64_t last = 0; receive(TOPIC_TICK, &event, sizeof event, FOREVER, &received) == 0; last = event.count) {
        EXPECT_EQUAL(received.dropped, 0);
        EXPECT(last == 0 || event.count == last + 1);
    }
    return 1;
}

static void publish_rounds(long rounds)
{
    EXPECT_EQUAL(subscribe(TOPIC_REPORT, 0, POLICY_DROP_OLDEST), 0);
    for (long number = 1; number <= rounds; number++) {
        send(TOPIC_A, number);
        EXPECT_EQUAL(fetch(TOPIC_REPORT), number);
        EXPECT_EQUAL(fetch(TOPIC_REPORT), number);
    }
    expect_nothing(TOPIC_REPORT);
}

CHECK(interrupted_publish_reaches_all_once)
{
    one_tick_slices();
    process_t helpers[] = {start_ready("take_by_receive", 0), start_ready("take_by_callback", 0),
                           start_ready("count_ticks", 0)};
    publish_rounds(ROUNDS);
    usual_slices();
    for (int i = 0; i < 3; i++) {
        EXPECT_EQUAL(kill(helpers[i]), 0);
        expect_end(helpers[i], 0);
    }
}

HELPER(publish_many)
{
    EXPECT_EQUAL(subscribe(TOPIC_GO, 0, POLICY_DROP_OLDEST), 0);
    say_ready();
    fetch(TOPIC_GO);
    publish_rounds(1000000);
    return 1;
}

/* At the next tick, one of three ends; the other two and everybody else go on. */
static void kill_at_the_tick(int which)
{
    static const char *const names[] = {"publish_many", "take_by_receive", "take_by_callback"};
    process_t helpers[3];
    one_tick_slices();
    EXPECT_EQUAL(subscribe(TOPIC_TICK, 0, POLICY_DROP_OLDEST), 0);
    for (int i = 2; i >= 0; i--)
        helpers[i] = start_ready(names[i], 0);
    while (receive(TOPIC_TICK, 0, 0, 0, 0) == 0)
        ;
    send(TOPIC_GO, 0);
    EXPECT_EQUAL(receive(TOPIC_TICK, 0, 0, FOREVER, 0), 0);
    EXPECT_EQUAL(kill(helpers[which]), 0);
    expect_end(helpers[which], 0);
    usual_slices();
    EXPECT_EQUAL(unsubscribe(TOPIC_TICK), 0);
    EXPECT_EQUAL(subscribe(TOPIC_B, 0, POLICY_DROP_OLDEST), 0);
    send(TOPIC_B, 7);
    EXPECT_EQUAL(fetch(TOPIC_B), 7);
    struct process_info info;
    for (int i = 0; i < 3; i++)
        EXPECT_EQUAL(find_process(helpers[i], &info), i != which);
}

CHECK(kill_the_publisher_anywhere)
{
    kill_at_the_tick(0);
}

CHECK(kill_a_receiver_anywhere)
{
    kill_at_the_tick(1);
}

CHECK(kill_in_a_callback_anywhere)
{
    kill_at_the_tick(2);
}
