/* What the kernel itself publishes besides the starts and ends of processes (reserved.c). */
#include "test.h"

CHECK(tick_topic)
{
    struct tick_event first, next;
    EXPECT_EQUAL(subscribe(TOPIC_TICK, 64, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(receive(TOPIC_TICK, &first, sizeof first, PATIENCE_MS, 0), 0);
    for (uint64_t i = 1; i <= 3; i++) {
        EXPECT_EQUAL(receive(TOPIC_TICK, &next, sizeof next, PATIENCE_MS, 0), 0);
        EXPECT_EQUAL(next.count, first.count + i); /* none is lost */
        EXPECT(next.time > first.time);
    }
}

/* Interrupts publish whether or not anybody has room: they never wait. */
CHECK(interrupt_time_publish_never_blocks)
{
    struct received received;
    struct tick_event first, last;
    EXPECT_EQUAL(subscribe(TOPIC_TICK, 1, POLICY_DROP_NEWEST), 0);
    EXPECT_EQUAL(receive(TOPIC_TICK, &first, sizeof first, PATIENCE_MS, 0), 0);
    sleep(5 * MOMENT_MS);
    EXPECT_EQUAL(receive(TOPIC_TICK, &last, sizeof last, PATIENCE_MS, &received), 0);
    EXPECT_EQUAL(last.count, first.count + 1);
    EXPECT(received.dropped > 0);
    EXPECT_EQUAL(receive(TOPIC_TICK, &last, sizeof last, PATIENCE_MS, 0), 0);
    EXPECT_EQUAL(last.count, first.count + received.dropped + 2);
}

/* From before there was a scheduler, or a process: retained for whoever asks. */
CHECK(boot_stages_were_published_before_the_first_process)
{
    struct subscribe_options replay = {.depth = 32, .flags = SUBSCRIBE_REPLAY};
    struct boot_event event;
    uint64_t time = 0;
    uint32_t count = 0;
    EXPECT_EQUAL(subscribe_with(TOPIC_BOOT_STAGE, 0, &replay), 0);
    while (receive(TOPIC_BOOT_STAGE, &event, sizeof event, 0, 0) == 0) {
        EXPECT_EQUAL(event.stage, count);
        EXPECT(event.time >= time);
        time = event.time;
        count++;
    }
    EXPECT(count >= BOOT_STAGE_KERNEL);
}

HELPER(become_ready)
{
    EXPECT_EQUAL(service_ready(), 0);
    return HELPER_OK;
}

/* Who waits for a service hears of it, and who comes late hears of it too. */
CHECK(service_ready_event)
{
    struct subscribe_options replay = {.depth = 64, .flags = SUBSCRIBE_REPLAY};
    struct process_event event = {0};
    EXPECT_EQUAL(subscribe(TOPIC_SERVICE_READY, 0, POLICY_DROP_OLDEST), 0);
    process_t service = start_helper("become_ready", 0);
    EXPECT_EQUAL(receive(TOPIC_SERVICE_READY, &event, sizeof event, PATIENCE_MS, 0), 0);
    EXPECT_EQUAL(event.pid, (uint32_t)service);
    EXPECT_EQUAL(event.generation, (uint32_t)(service >> 32));
    expect_ok(service);
    EXPECT_EQUAL(unsubscribe(TOPIC_SERVICE_READY), 0);
    EXPECT_EQUAL(subscribe_with(TOPIC_SERVICE_READY, 0, &replay), 0);
    event = (struct process_event){0};
    while (receive(TOPIC_SERVICE_READY, &event, sizeof event, 0, 0) == 0)
        ;
    EXPECT_EQUAL(event.pid, (uint32_t)service); /* the last of those retained */
}

CHECK(memory_low_event)
{
    struct memory_event event;
    process_t hogs[8];
    int count = 0, result = -EAGAIN;
    EXPECT_EQUAL(subscribe(TOPIC_MEMORY_LOW, 0, POLICY_DROP_OLDEST), 0);
    for (; count < 8 && result; count++) {
        hogs[count] = spawn("test", "+hog 0");
        if (hogs[count] < 0)
            break;
        result = receive(TOPIC_MEMORY_LOW, &event, sizeof event, 200, 0);
    }
    EXPECT_EQUAL(result, 0);
    EXPECT(event.free_frames < event.memory_frames / 4);
    for (int i = 0; i < count; i++) {
        kill(hogs[i]);
        wait(hogs[i], 0, PATIENCE_MS);
    }
}

static volatile int served;

static void serve_call(uint32_t topic, const void *data, uint32_t length, uint64_t cookie, uint64_t dropped)
{
    (void)topic, (void)data, (void)length, (void)cookie, (void)dropped;
    EXPECT_EQUAL(serve(1), -EINVAL);
    served++;
}

CHECK(serve_runs_callbacks_until_time_is_up)
{
    EXPECT_EQUAL(subscribe_callback(TOPIC_A, serve_call, 0, 0, POLICY_DROP_OLDEST), 0);
    process_t helper = start_helper("publish_on_a", 5);
    EXPECT_EQUAL(serve(300), -ETIMEDOUT);
    EXPECT_EQUAL(served, 5);
    expect_ok(helper);
}

CHECK(handoff_gives_the_cpu_to_the_receiver)
{
    long number;
    EXPECT_EQUAL(subscribe(TOPIC_B, 0, POLICY_DROP_OLDEST), 0);
    process_t reactor = start_ready("react", 0);
    await_blocked(reactor, WAIT_RECEIVE);
    EXPECT_EQUAL(publish(TOPIC_A, "12345678", 8, PUBLISH_HANDOFF), 0);
    EXPECT_EQUAL(receive(TOPIC_B, &number, sizeof number, 0, 0), 0);
}
