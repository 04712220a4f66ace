/* The actuator: heats as it is told; told nothing for a while, it is careful and stops. */
#include "herald.h"
#include "thermostat.h"

int main(const char *arguments)
{
    int heats = 0;
    (void)arguments;
    subscribe(TOPIC_HEATING, 1, POLICY_DROP_OLDEST);
    for (;;) {
        int wish = 0;
        receive(TOPIC_HEATING, &wish, sizeof wish, SILENCE_MS, 0);
        if (wish == heats)
            continue;
        heats = wish;
        print("heater: %s\n", heats ? "on" : "off");
        publish(TOPIC_HEAT, &heats, sizeof heats, 0);
    }
}
