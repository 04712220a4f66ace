/* Answers every ping from a callback. */
#include "demo.h"
#include "herald.h"

static void answer(uint32_t topic, const void *data, uint32_t length, uint64_t cookie, uint64_t dropped)
{
    (void)topic, (void)cookie, (void)dropped;
    publish(TOPIC_PONG, data, length, 0);
}

int main(const char *arguments)
{
    (void)arguments;
    int result = subscribe_callback(TOPIC_PING, answer, 0, 0, POLICY_DROP_OLDEST);
    if (result) {
        print("pong: %s\n", error_name(result));
        return 1;
    }
    for (;;)
        pause(FOREVER);
}
