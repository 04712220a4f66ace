/*
 * Six services that need each other, and whoever starts them. Each waits for the topics of those it needs, takes its time
 * to get ready, and says so on its own topic, retained: it does not matter who comes first.
 *
 *     service          starts all six at once; each goes on as its topics appear
 *     service -s       starts one when the one before is ready
 *     service NAME     is one of them
 *
 * Says when each was ready, in milliseconds of kernel time since the start of the first and since power-on.
 */
#include "herald.h"

#define FIRST_TOPIC 600
#define SERVICES 6
#define PATIENCE_MS 10000

static const struct service {
    const char *name;
    uint32_t needs; /* bit n: service n */
    uint32_t work_ms;
} services[SERVICES] = {
    {"clock", 0, 40},
    {"disk", 0, 120},
    {"settings", 1 << 1, 60},
    {"network", 1 << 0, 100},
    {"log", 1 << 0 | 1 << 1, 50},
    {"desktop", 1 << 2 | 1 << 3 | 1 << 4, 30},
};

static const struct subscribe_options with_replay = {.depth = 4, .flags = SUBSCRIBE_REPLAY};

static int fail(const char *what, int error)
{
    print("service: %s: %s\n", what, error_name(error));
    return 1;
}

/* ---- one service ---- */

static int be_service(unsigned self)
{
    char message;
    for (unsigned other = 0; other < SERVICES; other++) {
        if (!(services[self].needs >> other & 1))
            continue;
        uint32_t topic = FIRST_TOPIC + other;
        int result = subscribe_with(topic, 0, &with_replay);
        if (result == 0)
            result = receive(topic, &message, sizeof message, PATIENCE_MS, 0);
        if (result)
            return fail(services[other].name, result);
    }
    sleep(services[self].work_ms);
    int result = publish(FIRST_TOPIC + self, "+", 1, PUBLISH_RETAIN);
    return result ? fail(services[self].name, result) : service_ready();
}

/* ---- whoever starts them ---- */

static uint64_t now_ms; /* kernel time of the last tick */

/* Waits until service `wanted`, or with SERVICES any one, is ready. Returns which, or an error. */
static int wait_for(unsigned wanted)
{
    struct received received;
    struct tick_event tick;
    for (uint64_t limit = now_ms + PATIENCE_MS; now_ms < limit;) {
        int result = receive(TOPIC_ANY, &tick, sizeof tick, PATIENCE_MS, &received);
        if (result)
            return result;
        if (received.topic == TOPIC_TICK)
            now_ms = tick.time / 1000000;
        else if (wanted == SERVICES || received.topic == FIRST_TOPIC + wanted)
            return (int)(received.topic - FIRST_TOPIC);
    }
    return -ETIMEDOUT;
}

static void show(unsigned service, uint64_t start)
{
    print("%-10s ready after %5lu ms, %6lu ms from power-on\n", services[service].name, now_ms - start, now_ms);
}

static int start_all(int in_sequence)
{
    struct tick_event tick;
    int result = subscribe(TOPIC_TICK, 1, POLICY_DROP_OLDEST);
    for (unsigned i = 0; i < SERVICES && result == 0; i++) {
        retain(FIRST_TOPIC + i, 0); /* what an earlier run left */
        result = subscribe(FIRST_TOPIC + i, 4, POLICY_DROP_OLDEST);
    }
    if (result == 0)
        result = receive(TOPIC_TICK, &tick, sizeof tick, PATIENCE_MS, 0);
    if (result)
        return fail("cannot listen", result);
    uint64_t start = now_ms = tick.time / 1000000;
    for (unsigned i = 0; i < SERVICES; i++) {
        process_t process = spawn("service", services[i].name);
        if (process < 0)
            return fail(services[i].name, (int)process);
        if (in_sequence) {
            if ((result = wait_for(i)) < 0)
                return fail(services[i].name, result);
            show(i, start);
        }
    }
    for (unsigned i = 0; i < SERVICES && !in_sequence; i++) {
        if ((result = wait_for(SERVICES)) < 0)
            return fail("a service", result);
        show((unsigned)result, start);
    }
    print("all six %s: %lu ms\n", in_sequence ? "in sequence" : "in parallel", now_ms - start);
    for (unsigned i = 0; i < SERVICES; i++)
        retain(FIRST_TOPIC + i, 0);
    return 0;
}

int main(const char *arguments)
{
    for (unsigned i = 0; i < SERVICES; i++)
        if (strcmp(arguments, services[i].name) == 0)
            return be_service(i);
    if (!*arguments || strcmp(arguments, "-s") == 0)
        return start_all(*arguments != 0);
    print("service: there is no service %s\n", arguments);
    return 1;
}
