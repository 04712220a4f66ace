/*
 * The conformance checks of Herald. Each check is a function that runs in a process of its own; helpers are further
 * processes that it starts.
 *
 *     CHECK(no_subscriber) { EXPECT_EQUAL(publish(TOPIC_A, "x", 1, 0), 0); }
 *     HELPER(reader) { ... return HELPER_OK; }
 *
 * A check passes when it returns. The first expectation that fails ends its process; what is left over is ended by
 * the one who runs the checks (main.c), who then looks for leaks.
 */
#ifndef TEST_H
#define TEST_H

#include "herald.h"

struct check {
    const char *name;
    void (*run)(void);
};

struct helper {
    const char *name;
    int (*run)(long argument);
};

/* The linker gathers the entries of all files in one array each. */
#define CHECK(check_name)                                                                                           \
    static void check_##check_name(void);                                                                           \
    static const struct check entry_##check_name                                                                    \
        __attribute__((used, no_reorder, section("checks"), aligned(8))) = {#check_name, check_##check_name};                   \
    static void check_##check_name(void)

#define HELPER(helper_name)                                                                                         \
    static int helper_##helper_name(long argument);                                                                 \
    static const struct helper entry_helper_##helper_name                                                           \
        __attribute__((used, no_reorder, section("helpers"), aligned(8))) = {#helper_name, helper_##helper_name};               \
    static int helper_##helper_name(long argument __attribute__((unused)))

#define HELPER_OK 42 /* no vector of an exception, and not what a killed process leaves */
#define SKIPPED 43

/* Topics that only checks use. */
enum {
    TOPIC_A = 20001,
    TOPIC_B,
    TOPIC_C,
    TOPIC_D,
    TOPIC_READY,  /* helpers say on it that they are prepared */
    TOPIC_REPORT, /* helpers say on it what they saw */
    TOPIC_GO,     /* the check lets its helpers begin */
    TOPIC_MANY = 21000,
};

#define PATIENCE_MS 5000 /* longer than anything takes that works */
#define MOMENT_MS 20     /* long enough for others to have run, in an otherwise idle machine */

/* Ends the check: FAIL NAME: why at file:line. */
_Noreturn void fail(const char *file, int line, const char *pattern, ...) __attribute__((format(printf, 3, 4)));

void expect_equal(int64_t actual, int64_t expected, const char *text, const char *file, int line);

#define EXPECT(condition)                                                                                           \
    do {                                                                                                            \
        if (!(condition))                                                                                           \
            fail(__FILE__, __LINE__, "not so: %s", #condition);                                                     \
    } while (0)

/* For results of calls: errors are shown by name. */
#define EXPECT_EQUAL(actual, expected) expect_equal((int64_t)(actual), (int64_t)(expected), #actual, __FILE__, __LINE__)

/* Ends the check as skipped unless scenario.cfg says debug=1. */
void need_debug(void);

/* A system call as it is, with arguments that the library would not let through. */
static inline int64_t raw_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
    int64_t result = (int64_t)number;
    register uint64_t r10 __asm__("r10") = d;
    register uint64_t r8 __asm__("r8") = e;
    __asm__ volatile("syscall"
                     : "+a"(result), "+D"(a), "+S"(b), "+d"(c), "+r"(r10), "+r"(r8)
                     :
                     : "rcx", "r9", "r11", "memory");
    return result;
}

/* Writes to an address that is not ours. */
static inline void touch(uint64_t address)
{
    __asm__ volatile("movb $1, (%0)" : : "r"(address) : "memory");
}

/* Starts a helper. */
process_t start_helper(const char *name, long argument);

/* Starts a helper and waits until it says that it is ready. The check is subscribed to TOPIC_READY for that time. */
process_t start_ready(const char *name, long argument);

/* In a helper: I am ready. */
void say_ready(void);

/* Sends a number on a topic; the next number of a topic within PATIENCE_MS, or ends the check. */
void send(uint32_t topic, long number);
long fetch(uint32_t topic);

/* Ends the check unless nothing is there for it on the topic (TOPIC_ANY: on any). */
void expect_nothing(uint32_t topic);

/* Waits for a helper's end and expects HELPER_OK, or another status. */
void expect_end(process_t helper, int status);
#define expect_ok(helper) expect_end(helper, HELPER_OK)

/* Waits until a process waits for `reason` (or has ended). */
void await_blocked(process_t process, enum wait_reason reason);

/* What the kernel says of a process; returns 0 when it is not there. */
int find_process(process_t process, struct process_info *info);
int find_topic(uint32_t topic, struct topic_info *info);

#endif
