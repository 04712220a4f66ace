/*
 * Runs the checks: test [-l | NAME ...]. Each check and each helper is this program again, started with "=NAME" or
 * "+NAME ARGUMENT". Output, for people and scripts:
 *
 *     1..N
 *     ok NAME
 *     ok NAME # skipped: why
 *     FAIL NAME: why at file:line
 *     passed P of N
 *
 * and lines of the kernel about processes that a check lets fall. After each check whatever it left running is ended,
 * and everything the kernel counts must be back at what it was.
 */
#include "test.h"

#define CHECK_LIMIT_MS 30000
#define SETTLE_MS 500

extern const struct check __start_checks[], __stop_checks[];
extern const struct helper __start_helpers[], __stop_helpers[];

const char *running;
int is_helper;

/* What must be the same after a check as before. */
struct holdings {
    int64_t frames, blocks, bytes, subscriptions, topics, notifications, kernel_messages;
};

static int64_t retained_by_the_kernel(void)
{
    static struct topic_info list[64]; /* in order of their numbers */
    int64_t retained = 0;
    int count;
    while ((count = topic_list(list, 64)) == -ENOMEM) /* as a test of memory.test.ts has it */
        ;
    for (int i = 0; i < count; i++)
        retained += list[i].id < TOPIC_RESERVED ? list[i].retained : 0;
    return retained;
}

/*
 * What the kernel retains on its own topics (the last warning that memory is low) counts as free. Frames that somebody
 * holds. Those of the kernel heap count as free: it keeps what it has mapped once; so do its
 * page tables, one for 2 MiB.
 */
static struct holdings measure(void)
{
    struct memory_info info;
    int result = memory_info(&info);
    if (result)
        fail(__FILE__, __LINE__, "memory_info: %s", error_name(result));
    uint64_t heap_tables = (info.heap_mapped + 0x1fffff) / 0x200000;
    return (struct holdings){
        .frames = (int64_t)(info.memory_frames - info.free_frames - info.heap_mapped / PAGE_SIZE - heap_tables),
        .blocks = (int64_t)info.heap_blocks,
        .bytes = (int64_t)info.heap_used,
        .subscriptions = info.subscriptions,
        .topics = info.topics,
        .notifications = info.notifications,
        .kernel_messages = info.kernel_messages_free + retained_by_the_kernel(),
    };
}

/*
 * A process slot gets its kernel stack when it is used first and keeps it. PIDs are given out in turn, so all slots
 * have theirs once a PID has come round.
 */
static void warm_up(void)
{
    uint64_t generation = 0;
    while (generation < 2) {
        process_t process = spawn("spin", 0);
        if (process < 0)
            fail(__FILE__, __LINE__, "spin cannot be started: %s", error_name(process));
        generation = (uint64_t)process >> 32;
        kill(process);
        wait(process, 0, FOREVER);
    }
}

/* Ends what a check has left. */
static void end_others(void)
{
    static struct process_info list[MAX_PROCESSES];
    int count;
    while ((count = process_list(list, MAX_PROCESSES)) == -ENOMEM)
        ;
    for (int i = 0; i < count; i++) {
        process_t process = (int64_t)((uint64_t)list[i].generation << 32 | list[i].pid);
        if (strcmp(list[i].name, "test") || list[i].pid == (uint32_t)getpid())
            continue;
        kill(process);
        wait(process, 0, PATIENCE_MS);
    }
}

static int report_leak(const char *name, struct holdings before)
{
    struct holdings now = measure();
    for (int i = 0; i < SETTLE_MS && memcmp(&now, &before, sizeof now); i++) {
        sleep(1); /* others may still be reading of the ends of processes */
        now = measure();
    }
    if (memcmp(&now, &before, sizeof now) == 0)
        return 0;
    print("FAIL %s: it leaves %ld frames, %ld heap blocks of %ld bytes, %ld subscriptions, %ld topics, %ld "
          "notifications, %ld kernel messages behind at %s:%d\n",
          name, now.frames - before.frames, now.blocks - before.blocks, now.bytes - before.bytes,
          now.subscriptions - before.subscriptions, now.topics - before.topics,
          now.notifications - before.notifications, before.kernel_messages - now.kernel_messages, __FILE__, __LINE__);
    return 1;
}

/* Returns whether it passed. */
static int run_check(const struct check *check)
{
    char arguments[64];
    int status = 0;
    sleep(1); /* others read of the end of the check before */
    struct holdings before = measure();
    format(arguments, sizeof arguments, "=%s", check->name);
    process_t process = spawn("test", arguments);
    int result = process < 0 ? (int)process : wait(process, &status, CHECK_LIMIT_MS);
    if (result)
        print("FAIL %s: %s at %s:%d\n", check->name, result == -ETIMEDOUT ? "it does not end" : error_name(result),
              __FILE__, __LINE__);
    else if (status != HELPER_OK && status != SKIPPED && status != 1)
        print("FAIL %s: it ended with status %d at %s:%d\n", check->name, status, __FILE__, __LINE__);
    end_others();
    if (report_leak(check->name, before) || result || (status != HELPER_OK && status != SKIPPED))
        return 0;
    print("ok %s%s\n", check->name, status == SKIPPED ? " # skipped: it needs debug=1 in scenario.cfg" : "");
    return 1;
}

static const struct check *find_check(const char *name)
{
    for (const struct check *check = __start_checks; check < __stop_checks; check++)
        if (strcmp(check->name, name) == 0)
            return check;
    return 0;
}

static int run_helper(char *name)
{
    char *argument = name;
    long number = 0;
    while (*argument && *argument != ' ')
        argument++;
    if (*argument)
        *argument++ = 0;
    text_number(argument, &number);
    running = name;
    is_helper = 1;
    for (const struct helper *helper = __start_helpers; helper < __stop_helpers; helper++)
        if (strcmp(helper->name, name) == 0)
            return helper->run(number);
    fail(__FILE__, __LINE__, "there is no such helper");
}

static int run_all(void)
{
    int passed = 0;
    int count = (int)(__stop_checks - __start_checks);
    print("1..%d\n", count);
    warm_up();
    for (const struct check *check = __start_checks; check < __stop_checks; check++)
        passed += run_check(check);
    print("passed %d of %d\n", passed, count);
    return passed != count;
}

int main(const char *arguments)
{
    static char text[ARGUMENT_SIZE];
    text_copy(text, arguments, sizeof text);
    if (*text == '+')
        return run_helper(text + 1);
    if (*text == 0)
        return run_all();
    if (strcmp(text, "-l") == 0) {
        for (const struct check *check = __start_checks; check < __stop_checks; check++)
            print("%s\n", check->name);
        return 0;
    }
    const struct check *check = find_check(*text == '=' ? text + 1 : text);
    if (!check) {
        print("test: there is no check %s; test -l lists them\n", text);
        return 1;
    }
    if (*text == '=') {
        running = check->name;
        check->run();
        return HELPER_OK;
    }
    warm_up();
    return !run_check(check);
}
