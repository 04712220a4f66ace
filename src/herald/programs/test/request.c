/* Requests and replies. */
#include "test.h"

HELPER(server) /* what its argument says: 0 replies with one more; 1 never replies; 2 dies on a request */
{
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    say_ready();
    for (;;) {
        long number;
        struct received received;
        EXPECT_EQUAL(receive(TOPIC_A, &number, sizeof number, FOREVER, &received), 0);
        EXPECT(received.reply);
        if (argument == 2)
            return HELPER_OK;
        if (argument == 3)
            EXPECT_EQUAL(unsubscribe(TOPIC_A), 0);
        number++;
        if (argument == 0)
            EXPECT_EQUAL(reply(received.reply, &number, sizeof number), 0);
    }
    return 0;
}

static int ask(long *number, uint64_t timeout_ms)
{
    return request(TOPIC_A, number, sizeof *number, number, sizeof *number, timeout_ms);
}

CHECK(request_and_reply)
{
    start_ready("server", 0);
    for (long i = 0; i < 20; i++) {
        long number = i;
        EXPECT_EQUAL(ask(&number, PATIENCE_MS), sizeof number);
        EXPECT_EQUAL(number, i + 1);
    }
}

CHECK(request_without_a_server)
{
    long number = 1;
    EXPECT_EQUAL(ask(&number, PATIENCE_MS), -ENOENT);
}

CHECK(request_times_out)
{
    long number = 1;
    start_ready("server", 1);
    EXPECT_EQUAL(ask(&number, MOMENT_MS), -ETIMEDOUT);
    EXPECT_EQUAL(number, 1);
}

CHECK(request_to_a_server_that_dies)
{
    long number = 1;
    process_t server = start_ready("server", 2);
    EXPECT_EQUAL(ask(&number, PATIENCE_MS), -ECANCELED);
    expect_ok(server);
}

/* It took the request before it unsubscribed: it may still reply, and does not; a killed one is noticed. */
CHECK(request_to_a_server_that_is_killed)
{
    process_t server = start_ready("server", 1);
    process_t asker = start_helper("asker", -ECANCELED);
    await_blocked(asker, WAIT_REPLY);
    EXPECT_EQUAL(kill(server), 0);
    expect_ok(asker);
}

HELPER(asker) /* expects this result */
{
    long number = 1;
    EXPECT_EQUAL(ask(&number, PATIENCE_MS), argument);
    return HELPER_OK;
}

CHECK(request_dropped_by_a_full_mailbox)
{
    long number = 1;
    process_t lazy = start_ready("lazy", 1); /* one slot on A, drops the newest */
    send(TOPIC_A, 0);
    EXPECT_EQUAL(ask(&number, PATIENCE_MS), -ECANCELED);
    kill(lazy);
}

CHECK(asker_can_be_killed)
{
    struct received received;
    long number;
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    process_t asker = start_helper("asker", 0);
    EXPECT_EQUAL(receive(TOPIC_A, &number, sizeof number, PATIENCE_MS, &received), 0);
    EXPECT(received.reply);
    await_blocked(asker, WAIT_REPLY);
    EXPECT_EQUAL(kill(asker), 0);
    expect_end(asker, 0);
    EXPECT_EQUAL(reply(received.reply, "x", 1), -ESRCH);
}

HELPER(forger) /* replies to the token that comes on B, as if it were the server */
{
    EXPECT_EQUAL(subscribe(TOPIC_B, 0, POLICY_DROP_OLDEST), 0);
    say_ready();
    long token = fetch(TOPIC_B);
    EXPECT_EQUAL(reply((uint64_t)token, "forged", 6), -EPERM);
    for (uint64_t bit = 1; bit; bit <<= 1) {
        int result = reply((uint64_t)token ^ bit, "forged", 6);
        EXPECT(result == -ESRCH || result == -EPERM);
    }
    return HELPER_OK;
}

CHECK(forged_reply_is_refused)
{
    struct received received;
    long number;
    process_t forger = start_ready("forger", 0);
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    process_t asker = start_helper("asker", sizeof number);
    EXPECT_EQUAL(receive(TOPIC_A, &number, sizeof number, PATIENCE_MS, &received), 0);
    await_blocked(asker, WAIT_REPLY);
    send(TOPIC_B, (long)received.reply);
    expect_ok(forger);
    EXPECT_EQUAL(reply(received.reply, &number, sizeof number), 0);
    expect_ok(asker);
    EXPECT_EQUAL(reply(received.reply, &number, sizeof number), -ESRCH); /* once is enough */
}

/* The private topics of replies are nobody's to use. */
CHECK(private_topics_are_refused)
{
    EXPECT_EQUAL(publish(TOPIC_PRIVATE + (uint32_t)getpid(), "x", 1, 0), -EPERM);
    EXPECT_EQUAL(subscribe(TOPIC_PRIVATE, 0, POLICY_DROP_OLDEST), -EPERM);
    EXPECT_EQUAL(subscribe(TOPIC_PRIVATE + 1, 0, POLICY_DROP_OLDEST), -EPERM);
}

CHECK(others_see_the_request_like_any_message)
{
    long number = 5;
    start_ready("server", 0);
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(ask(&number, PATIENCE_MS), sizeof number);
    EXPECT_EQUAL(fetch(TOPIC_A), 5);
    expect_nothing(TOPIC_ANY); /* and not the reply */
}

CHECK(request_to_oneself)
{
    long number = 1;
    EXPECT_EQUAL(subscribe(TOPIC_A, 0, POLICY_DROP_OLDEST), 0);
    EXPECT_EQUAL(ask(&number, PATIENCE_MS), -EDEADLK);
}

CHECK(long_reply_is_cut)
{
    char buffer[4] = "----";
    long number = 1;
    start_ready("server", 0);
    EXPECT_EQUAL(request(TOPIC_A, &number, sizeof number, buffer, 2, PATIENCE_MS), sizeof number);
    EXPECT(buffer[0] == 2 && buffer[1] == 0 && buffer[2] == '-');
}

CHECK(request_refuses)
{
    long number = 1;
    EXPECT_EQUAL(raw_call(SYS_REQUEST, 8, 0, 0, 0, 0), -EFAULT);
    EXPECT_EQUAL(request(TOPIC_KEYBOARD, &number, sizeof number, &number, sizeof number, 0), -EPERM);
    EXPECT_EQUAL(request(TOPIC_A, (void *)8, 8, &number, sizeof number, 0), -EFAULT);
    EXPECT_EQUAL(request(TOPIC_A, &number, MESSAGE_MAX + 1, &number, sizeof number, 0), -EMSGSIZE);
    EXPECT_EQUAL(reply(0, "x", 1), -ESRCH);
    EXPECT_EQUAL(reply(~UINT64_C(0), "x", 1), -ESRCH);
}

static uint64_t token_seen;

static void serve_one(uint32_t topic, const void *data, uint32_t length, uint64_t cookie, uint64_t dropped)
{
    (void)topic, (void)cookie, (void)dropped;
    token_seen = callback_reply();
    if (token_seen)
        EXPECT_EQUAL(reply(token_seen, data, length), 0);
}

HELPER(callback_server)
{
    EXPECT_EQUAL(subscribe_callback(TOPIC_A, serve_one, 0, 0, POLICY_DROP_OLDEST), 0);
    say_ready();
    for (;;)
        pause(FOREVER);
    return 0;
}

CHECK(reply_from_a_callback)
{
    start_ready("callback_server", 0);
    for (long i = 0; i < 10; i++) {
        long number = i;
        EXPECT_EQUAL(ask(&number, PATIENCE_MS), sizeof number);
        EXPECT_EQUAL(number, i);
    }
    send(TOPIC_A, 1); /* a plain message in between is no request */
    long number = 3;
    EXPECT_EQUAL(ask(&number, PATIENCE_MS), sizeof number);
}
