/* Memory that is not to be had: at each place where the kernel asks for some, in turn. */
#include "test.h"

#define SITES_MAX 400

static int value_of_calls;

/* Makes a call again and again, with its first allocation failing, then its second, until it goes through. */
static void fail_each(const char *name, int64_t (*make)(void), void (*undo)(int64_t))
{
    for (uint64_t site = 1; site <= SITES_MAX; site++) {
        EXPECT_EQUAL(debug(DEBUG_FAIL_ALLOCATION, site), 0);
        int64_t result = make();
        EXPECT_EQUAL(debug(DEBUG_FAIL_ALLOCATION, 0), 0);
        EXPECT_EQUAL(debug(DEBUG_CHECK_HEAP, 0), 0);
        if (result >= 0) {
            undo(result);
            if (site > 1)
                return;
            continue; /* nothing failed, or the call does not need it */
        }
        if (result != -ENOMEM)
            fail(__FILE__, __LINE__, "%s, allocation %lu failing: %s", name, site, error_name(result));
    }
    fail(__FILE__, __LINE__, "%s never goes through", name);
}

static int64_t make_publish(void)
{
    return publish(TOPIC_A, &value_of_calls, sizeof value_of_calls, 0);
}

static void undo_publish(int64_t result)
{
    (void)result;
    while (receive(TOPIC_A, &value_of_calls, sizeof value_of_calls, 0, 0) == 0)
        ;
}

CHECK(out_of_memory_in_publish)
{
    need_debug();
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(debug(DEBUG_FAIL_ALLOCATION, 1), 0);
    EXPECT_EQUAL(make_publish(), -ENOMEM);
    expect_nothing(TOPIC_A);
    fail_each("publish", make_publish, undo_publish);
}

static int64_t make_subscription(void)
{
    return subscribe(TOPIC_B, 40, POLICY_DROP_OLDEST);
}

static void undo_subscription(int64_t result)
{
    (void)result;
    EXPECT_EQUAL(unsubscribe(TOPIC_B), 0);
}

CHECK(out_of_memory_in_subscribe)
{
    need_debug();
    EXPECT_EQUAL(debug(DEBUG_FAIL_ALLOCATION, 1), 0);
    EXPECT_EQUAL(make_subscription(), -ENOMEM);
    fail_each("subscribe", make_subscription, undo_subscription);
}

static int64_t make_process(void)
{
    return spawn("spin", 0);
}

static void undo_process(int64_t process)
{
    EXPECT_EQUAL(kill(process), 0);
    EXPECT_EQUAL(wait(process, 0, PATIENCE_MS), 0);
}

CHECK(out_of_memory_in_spawn)
{
    need_debug();
    fail_each("spawn", make_process, undo_process);
}

static int64_t make_queue(void)
{
    return queue_create(70, 20);
}

static void undo_queue(int64_t queue)
{
    EXPECT_EQUAL(queue_close((int)queue), 0);
}

CHECK(out_of_memory_in_queue_create)
{
    need_debug();
    fail_each("queue_create", make_queue, undo_queue);
}

static int64_t make_segment(void)
{
    int error;
    return segment_attach(71, 5 * PAGE_SIZE, &error) ? 1 : error;
}

static void undo_segment(int64_t result)
{
    (void)result;
    EXPECT_EQUAL(segment_detach(71), 0);
}

CHECK(out_of_memory_in_segment_attach)
{
    need_debug();
    fail_each("segment_attach", make_segment, undo_segment);
}

static int64_t make_retained(void)
{
    return publish(TOPIC_C, "x", 1, PUBLISH_RETAIN);
}

static void undo_retained(int64_t result)
{
    (void)result;
    EXPECT_EQUAL(retain(TOPIC_C, 0), 0);
}

CHECK(out_of_memory_in_a_retained_publish)
{
    need_debug();
    fail_each("publish with PUBLISH_RETAIN", make_retained, undo_retained);
}

static int64_t make_lists(void)
{
    static struct process_info processes[MAX_PROCESSES];
    static struct topic_info topics[64];
    int result = process_list(processes, MAX_PROCESSES);
    return result < 0 ? result : topic_list(topics, 64);
}

static void undo_nothing(int64_t result)
{
    (void)result;
}

CHECK(out_of_memory_in_lists)
{
    need_debug();
    fail_each("process_list and topic_list", make_lists, undo_nothing);
}

HELPER(fail_to_grow) /* one allocation fails: the heap says so, the stack ends it */
{
    static volatile int depth = 30;
    debug(DEBUG_FAIL_ALLOCATION, (uint64_t)argument);
    char *bytes = grow(4 * PAGE_SIZE);
    if (!bytes) {
        debug(DEBUG_FAIL_ALLOCATION, 0);
        bytes = grow(4 * PAGE_SIZE); /* once more: nothing of the first try is in the way */
        EXPECT(bytes);
    }
    for (int i = 0; i < 4 * PAGE_SIZE; i++)
        EXPECT(bytes[i] == 0);
    volatile char large[PAGE_SIZE * 30];
    for (int i = depth; i > 0; i--)
        large[i * PAGE_SIZE - 1] = 1;
    return large[PAGE_SIZE - 1] ? HELPER_OK : 1;
}

CHECK(out_of_memory_in_grow_and_stack)
{
    need_debug();
    for (long site = 1; site < 45; site++) {
        int status = 0;
        process_t helper = start_helper("fail_to_grow", site);
        EXPECT_EQUAL(wait(helper, &status, PATIENCE_MS), 0);
        EXPECT(status == HELPER_OK || status == 14 || status == 0);
    }
}

/*
 * Every call that needs memory, once. None has to succeed: an allocation that fails anywhere in it, for this process or
 * for the one that started it, may leave nothing behind (tests/herald/memory.test.ts makes each fail).
 */
static void take_note(uint32_t topic, const void *data, uint32_t length, uint64_t cookie, uint64_t dropped)
{
    (void)topic, (void)data, (void)length, (void)cookie, (void)dropped;
}

HELPER(one_of_everything)
{
    static struct process_info processes[8];
    static struct topic_info topics[8];
    static char large[3 * PAGE_SIZE];
    char answer[8];
    int queue = queue_create(70, 4);
    if (queue >= 0)
        queue_send(queue, large, sizeof large, 0);
    segment_attach(71, 3 * PAGE_SIZE, 0);
    grow(3 * PAGE_SIZE);
    subscribe(TOPIC_A, 4, POLICY_DROP_OLDEST);
    subscribe_callback(TOPIC_B, take_note, 0, 4, POLICY_DROP_OLDEST);
    publish(TOPIC_A, large, 8, 0);
    publish(TOPIC_A, large, sizeof large, 0);
    publish(TOPIC_B, large, sizeof large, 0); /* onto stack that is not yet there */
    publish(TOPIC_C, large, 8, PUBLISH_RETAIN);
    while (retain(TOPIC_C, 0) == -ENOMEM) /* what is retained would stay */
        ;
    request(TOPIC_D, large, 8, answer, sizeof answer, 0);
    reply(1, large, 8);
    process_list(processes, 8);
    topic_list(topics, 8);
    process_t process = spawn("spin", 0);
    if (process > 0) {
        kill(process);
        wait(process, 0, PATIENCE_MS);
    }
    process = spawn("talker", 0); /* a Program, where there is one */
    if (process > 0)
        wait(process, 0, PATIENCE_MS);
    return HELPER_OK;
}

CHECK(one_of_everything)
{
    process_t helper = start_helper("one_of_everything", 0);
    wait(helper, 0, PATIENCE_MS);
}

/* Everything the kernel has, until there is no more: errors by name, and all of it comes back. */
HELPER(hog)
{
    while (grow(64 * PAGE_SIZE))
        ;
    say_ready();
    sleep(FOREVER);
    return 0;
}

CHECK(all_memory_used_up)
{
    process_t hogs[8];
    int count = 0;
    struct memory_info info;
    EXPECT_EQUAL(subscribe(TOPIC_READY, 0, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    for (; count < 8; count++) {
        hogs[count] = spawn("test", "+hog 0");
        if (hogs[count] < 0)
            break;
        long pid;
        if (receive(TOPIC_READY, &pid, sizeof pid, PATIENCE_MS, 0))
            EXPECT_EQUAL(wait(hogs[count], 0, PATIENCE_MS), 0); /* it could not even say so */
    }
    EXPECT_EQUAL(memory_info(&info), 0);
    EXPECT(info.free_frames < 256);
    EXPECT(spawn("test", "+hog 0") < 0);
    int result = publish(TOPIC_A, "x", 1, 0);
    EXPECT(result == 0 || result == -ENOMEM);
    for (int i = 0; i < count; i++) {
        kill(hogs[i]);
        wait(hogs[i], 0, PATIENCE_MS);
    }
    expect_ok(start_helper("exit_at_once", 0));
}
