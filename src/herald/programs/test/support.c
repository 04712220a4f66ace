/* What all checks use. */
#include "test.h"

extern const char *running; /* main.c: the check or helper that this process is */
extern int is_helper;

void fail(const char *file, int line, const char *pattern, ...)
{
    char why[256];
    va_list arguments;
    va_start(arguments, pattern);
    format_list(why, sizeof why, pattern, arguments);
    va_end(arguments);
    if (is_helper)
        print("# helper %s: %s at %s:%d\n", running, why, file, line);
    else
        print("FAIL %s: %s at %s:%d\n", running, why, file, line);
    exit(1);
}

void expect_equal(int64_t actual, int64_t expected, const char *text, const char *file, int line)
{
    char is[24], should[24];
    if (actual == expected)
        return;
    format(is, sizeof is, "%ld", actual);
    format(should, sizeof should, "%ld", expected);
    fail(file, line, "%s is %s, not %s", text, actual < 0 && actual > -200 ? error_name(actual) : is,
         expected < 0 && expected > -200 ? error_name(expected) : should);
}

void need_debug(void)
{
    if (debug(DEBUG_ALLOCATIONS, 0) == -ENOSYS)
        exit(SKIPPED);
}

process_t start_helper(const char *name, long argument)
{
    char arguments[64];
    format(arguments, sizeof arguments, "+%s %ld", name, argument);
    process_t process = spawn("test", arguments);
    if (process < 0)
        fail(__FILE__, __LINE__, "helper %s cannot be started: %s", name, error_name(process));
    return process;
}

process_t start_ready(const char *name, long argument)
{
    EXPECT_EQUAL(subscribe(TOPIC_READY, 0, POLICY_DROP_OLDEST), 0);
    process_t process = start_helper(name, argument);
    long pid = fetch(TOPIC_READY);
    EXPECT_EQUAL(pid, (uint32_t)process);
    EXPECT_EQUAL(unsubscribe(TOPIC_READY), 0);
    return process;
}

void say_ready(void)
{
    send(TOPIC_READY, getpid());
}

void send(uint32_t topic, long number)
{
    int result = publish(topic, &number, sizeof number, 0);
    if (result)
        fail(__FILE__, __LINE__, "publish on topic %u: %s", topic, error_name(result));
}

long fetch(uint32_t topic)
{
    long number = 0;
    struct received received;
    int result = receive(topic, &number, sizeof number, PATIENCE_MS, &received);
    if (result)
        fail(__FILE__, __LINE__, "receive on topic %u: %s", topic, error_name(result));
    if (received.length != sizeof number)
        fail(__FILE__, __LINE__, "a message of %u bytes on topic %u", received.length, topic);
    return number;
}

void expect_nothing(uint32_t topic)
{
    char byte;
    struct received received;
    int result = receive(topic, &byte, 1, 0, &received);
    if (result != -EAGAIN)
        fail(__FILE__, __LINE__, "receive on topic %u: %s (%u bytes on %u), and nothing should be there", topic,
             error_name(result), received.length, received.topic);
}

void expect_end(process_t helper, int status)
{
    int is = 0;
    int result = wait(helper, &is, PATIENCE_MS);
    if (result)
        fail(__FILE__, __LINE__, "waiting for process %u: %s", (uint32_t)helper, error_name(result));
    if (is != status)
        fail(__FILE__, __LINE__, "process %u ended with status %d, not %d", (uint32_t)helper, is, status);
}

int find_process(process_t process, struct process_info *info)
{
    static struct process_info list[MAX_PROCESSES];
    int count = process_list(list, MAX_PROCESSES);
    for (int i = 0; i < count; i++) {
        if (list[i].pid == (uint32_t)process && list[i].generation == (uint32_t)(process >> 32)) {
            *info = list[i];
            return 1;
        }
    }
    return 0;
}

void await_blocked(process_t process, enum wait_reason reason)
{
    struct process_info info;
    for (int i = 0; i < PATIENCE_MS && find_process(process, &info); i++) {
        if (info.state == PROCESS_BLOCKED && info.wait_reason == reason)
            return;
        sleep(1);
    }
}

int find_topic(uint32_t topic, struct topic_info *info)
{
    static struct topic_info list[MAX_TOPICS];
    int count = topic_list(list, MAX_TOPICS);
    for (int i = 0; i < count; i++) {
        if (list[i].id == topic) {
            *info = list[i];
            return 1;
        }
    }
    return 0;
}
