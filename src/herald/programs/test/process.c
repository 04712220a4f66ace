/* Processes: starting, waiting, exceptions, scheduling. */
#include "test.h"

HELPER(give_status)
{
    return (int)argument;
}

CHECK(wait_gives_the_status)
{
    static const int statuses[] = {0, 1, -1, 1000000, INT32_MIN};
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        expect_end(start_helper("give_status", statuses[i]), statuses[i]);
}

CHECK(wait_has_limits)
{
    int status = 77;
    process_t helper = start_helper("wait_forever", 0);
    EXPECT_EQUAL(wait(helper, &status, 0), -EAGAIN);
    EXPECT_EQUAL(wait(helper, &status, MOMENT_MS), -ETIMEDOUT);
    EXPECT_EQUAL(wait(getpid(), &status, 0), -EINVAL);
    EXPECT_EQUAL(wait(0, &status, 0), -ESRCH);
    EXPECT_EQUAL(wait(MAX_PROCESSES, &status, 0), -ESRCH);
    EXPECT_EQUAL(wait(helper, (int *)8, MOMENT_MS), -EFAULT);
    EXPECT_EQUAL(status, 77);
}

CHECK(spawn_refuses)
{
    char name[NAME_SIZE + 8], arguments[ARGUMENT_SIZE + 8];
    EXPECT_EQUAL(spawn("no-such-program", 0), -ENOENT);
    EXPECT_EQUAL(spawn("", 0), -ENOENT);
    EXPECT_EQUAL(spawn("scenario.cfg", 0), -ENOEXEC);
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = 0;
    EXPECT_EQUAL(spawn(name, 0), -ETOOBIG);
    memset(arguments, 'a', sizeof arguments);
    arguments[sizeof arguments - 1] = 0;
    EXPECT_EQUAL(spawn("spin", arguments), -ETOOBIG);
}

CHECK(process_table_full)
{
    process_t processes[MAX_PROCESSES];
    int count = 0;
    while (count < MAX_PROCESSES) {
        process_t process = spawn("spin", 0);
        if (process < 0) {
            EXPECT_EQUAL(process, -ENOSPC);
            break;
        }
        kill(process); /* so that it does not compute; its slot becomes free when it has run */
        processes[count++] = process;
        if (count % 8 == 0)
            continue;
    }
    for (int i = 0; i < count; i++)
        wait(processes[i], 0, PATIENCE_MS);
    expect_ok(start_helper("exit_at_once", 0));
}

HELPER(do_wrong) /* what the argument says */
{
    switch (argument) {
    case 0:
        __asm__ volatile("xorl %%ecx, %%ecx\n\tdivl %%ecx" : : : "rax", "rcx", "rdx");
        break;
    case 6:
        __asm__ volatile("ud2");
        break;
    case 13:
        __asm__ volatile("cli");
        break;
    case 14:
        touch(8);
        break;
    case 100:
        __asm__ volatile("hlt");
        break;
    case 101:
        __asm__ volatile("outb %al, $0x20");
        break;
    case 102:
        __asm__ volatile("int $0x20"); /* an interrupt vector */
        break;
    case 103:
        __asm__ volatile("movq %%cr3, %%rax" : : : "rax");
        break;
    case 104:
        __asm__ volatile("movq %0, %%rax\n\tmovq (%%rax), %%rax" : : "r"(UINT64_C(1) << 62) : "rax"); /* not canonical */
        break;
    }
    return HELPER_OK;
}

static void wrong(long way, int vector)
{
    struct process_event event;
    process_t helper = start_helper("do_wrong", way);
    do {
        EXPECT_EQUAL(receive(TOPIC_PROCESS_EXITED, &event, sizeof event, PATIENCE_MS, 0), 0);
    } while (event.pid != (uint32_t)helper);
    EXPECT_EQUAL(event.reason, EXIT_FAULT);
    EXPECT_EQUAL(event.status, vector);
}

CHECK(exceptions_end_the_process_alone)
{
    EXPECT_EQUAL(subscribe(TOPIC_PROCESS_EXITED, 0, POLICY_DROP_OLDEST), 0);
    wrong(0, 0);
    wrong(6, 6);
    wrong(13, 13);
    wrong(14, 14);
}

CHECK(privileged_instructions_end_the_process)
{
    EXPECT_EQUAL(subscribe(TOPIC_PROCESS_EXITED, 0, POLICY_DROP_OLDEST), 0);
    for (long way = 100; way <= 104; way++)
        wrong(way, 13);
}

CHECK(sleep_sleeps_at_least_so_long)
{
    /* A second process that sleeps in steps of 1 ms cannot have made more steps than there were milliseconds. */
    long steps = 0;
    EXPECT_EQUAL(subscribe(TOPIC_REPORT, 0, POLICY_DROP_OLDEST), 0);
    process_t helper = start_helper("sleeper", 100);
    while (receive(TOPIC_REPORT, 0, 0, 1, 0))
        steps++;
    EXPECT(steps <= 101);
    expect_ok(helper);
}

HELPER(sleeper)
{
    EXPECT_EQUAL(sleep((uint64_t)argument), 0);
    send(TOPIC_REPORT, 0);
    return HELPER_OK;
}

CHECK(sleepers_wake_in_the_order_of_their_times)
{
    start_ready("sleep_and_report", 300);
    start_ready("sleep_and_report", 100);
    start_ready("sleep_and_report", 200);
    EXPECT_EQUAL(subscribe(TOPIC_REPORT, 0, POLICY_DROP_OLDEST), 0);
    send(TOPIC_GO, 0);
    EXPECT_EQUAL(fetch(TOPIC_REPORT), 100);
    EXPECT_EQUAL(fetch(TOPIC_REPORT), 200);
    EXPECT_EQUAL(fetch(TOPIC_REPORT), 300);
}

HELPER(sleep_and_report)
{
    EXPECT_EQUAL(subscribe(TOPIC_GO, 0, POLICY_DROP_OLDEST), 0);
    say_ready();
    fetch(TOPIC_GO);
    EXPECT_EQUAL(sleep((uint64_t)argument), 0);
    send(TOPIC_REPORT, argument);
    return HELPER_OK;
}

CHECK(quantum_has_limits)
{
    int64_t now = quantum(0);
    EXPECT(now > 0);
    EXPECT_EQUAL(quantum(1000001), -EINVAL);
    EXPECT_EQUAL(quantum(1), -EINVAL);
    EXPECT_EQUAL(quantum(5000), 5000);
    EXPECT_EQUAL(quantum(0), 5000);
    EXPECT_EQUAL(quantum((uint64_t)now), now);
}

static uint64_t turns_of(process_t process)
{
    struct process_info info;
    EXPECT(find_process(process, &info));
    return info.switches;
}

/* Three that never wait come in turn. That their slices are equally long is measured from outside. */
CHECK(round_robin_is_fair)
{
    process_t spinners[3];
    uint64_t turns[3], least = UINT64_MAX, most = 0;
    int64_t before = quantum(0);
    for (int i = 0; i < 3; i++) {
        spinners[i] = spawn("spin", 0);
        EXPECT(spinners[i] > 0);
    }
    quantum(1000);
    sleep(20);
    for (int i = 0; i < 3; i++)
        turns[i] = turns_of(spinners[i]);
    sleep(200);
    for (int i = 0; i < 3; i++) {
        turns[i] = turns_of(spinners[i]) - turns[i];
        least = turns[i] < least ? turns[i] : least;
        most = turns[i] > most ? turns[i] : most;
    }
    quantum((uint64_t)before);
    for (int i = 0; i < 3; i++) {
        kill(spinners[i]);
        wait(spinners[i], 0, PATIENCE_MS);
    }
    EXPECT(least > 10);
    EXPECT(most - least <= 1);
}

CHECK(yield_lets_others_run)
{
    EXPECT_EQUAL(subscribe(TOPIC_REPORT, 0, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(subscribe(TOPIC_B, 0, POLICY_DROP_OLDEST), 0);
    process_t reactor = start_ready("react", 0);
    await_blocked(reactor, WAIT_RECEIVE);
    send(TOPIC_A, 1);
    yield();
    long number;
    EXPECT_EQUAL(receive(TOPIC_B, &number, sizeof number, 0, 0), 0);
}
