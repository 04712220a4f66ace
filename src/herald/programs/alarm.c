/* Says on the screen when it is too cold or too warm, when nobody measures any more, and when all is well again. */
#include "herald.h"
#include "thermostat.h"

#define TOO_COLD 15000
#define TOO_WARM 25000

int main(const char *arguments)
{
    const char *before = 0;
    int temperature;
    (void)arguments;
    subscribe(TOPIC_TEMPERATURE, 1, POLICY_DROP_OLDEST);
    for (;;) {
        const char *now = 0;
        int result = receive(TOPIC_TEMPERATURE, &temperature, sizeof temperature, SILENCE_MS, 0);
        if (result == -EINTR)
            continue;
        if (result)
            now = "no temperature comes any more";
        else if (temperature < TOO_COLD)
            now = "it is too cold";
        else if (temperature > TOO_WARM)
            now = "it is too warm";
        if (now != before)
            print("ALARM: %s\n", now ? now : "all is well again");
        before = now;
    }
}
